-- SPDX-License-Identifier: Apache-2.0
-- For wrk: POSTs of notifications, each of another VM and 200 s after the one before, so that no
-- other lies in the interval in which duplicates are looked for.
--   wrk -s post_notifications.lua URL -- HOST SERIES
-- SERIES is a number below 65536 that no other run on the same database has.
local host, series
local n = 0
local began -- later than all of the series before, whose last posts may still be there

function init(args)
    host, series = args[1], tonumber(args[2])
    began = 1780272000 + series * 20000000 -- from 2026-06-01 on
end

function request()
    n = n + 1
    local vm = string.format("%08x-0000-4000-8000-%04x00000000", n, series)
    local time = os.date("!%Y-%m-%dT%H:%M:%S", began + n * 200)
    local body = string.format('{"notification": {"type": "VM", "hostname": "%s", ' ..
        '"generated_time": "%s.000000", "payload": {"event": "LIFECYCLE", ' ..
        '"instance_uuid": "%s", "vir_domain_event": "STOPPED_FAILED"}}}', host, time, vm)
    return wrk.format("POST", nil, nil, body)
end
