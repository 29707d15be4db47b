-- SPDX-License-Identifier: Apache-2.0
-- For wrk: what clients do in turn: lists, pages, single rows, and one notification in a hundred.
--   wrk -s mixed.lua URL -- HOST SERIES SEGMENT
-- SERIES: as for post_notifications.lua
local host, series, began
local paths = {}
local n = 0

function init(args)
    host, series = args[1], tonumber(args[2])
    began = 1780272000 + series * 20000000
    paths = {"/v1/segments", "/v1/segments/" .. args[3], "/v1/notifications?limit=20",
             "/v1/segments/" .. args[3] .. "/hosts", "/v1/notifications?limit=5&status=error"}
end

function request()
    n = n + 1
    if n % 100 > 0 then
        return wrk.format("GET", paths[n % #paths + 1])
    end
    local vm = string.format("%08x-0000-4000-8000-%04x00000000", n, series)
    local time = os.date("!%Y-%m-%dT%H:%M:%S", began + n * 2)
    local body = string.format('{"notification": {"type": "VM", "hostname": "%s", ' ..
        '"generated_time": "%s.000000", "payload": {"event": "LIFECYCLE", ' ..
        '"instance_uuid": "%s", "vir_domain_event": "STOPPED_FAILED"}}}', host, time, vm)
    return wrk.format("POST", "/v1/notifications", nil, body)
end
