-- SPDX-License-Identifier: Apache-2.0
-- For wrk: POSTs of notifications, each of another VM, so that none is a duplicate.
--   wrk -s post_notifications.lua URL -- HOST SERIES
-- SERIES is a number below 65536 that no other run on the same database has.
local host, series
local n = 0

function init(args)
    host, series = args[1], tonumber(args[2])
end

function request()
    n = n + 1
    local vm = string.format("%08x-0000-4000-8000-%04x00000000", n, series)
    local body = string.format('{"notification": {"type": "VM", "hostname": "%s", ' ..
        '"generated_time": "2026-01-01T00:00:00.000000", "payload": {"event": "LIFECYCLE", ' ..
        '"instance_uuid": "%s", "vir_domain_event": "STOPPED_FAILED"}}}', host, vm)
    return wrk.format("POST", nil, nil, body)
end
