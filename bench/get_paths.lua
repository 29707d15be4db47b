-- SPDX-License-Identifier: Apache-2.0
-- For wrk: GETs of several paths in turn, such as the pages of a list.
--   wrk -s get_paths.lua URL -- PATH...
local paths = {}
local n = 0

function init(args)
    for i = 1, #args do
        paths[i] = args[i]
    end
end

function request()
    n = n % #paths + 1
    return wrk.format("GET", paths[n])
end
