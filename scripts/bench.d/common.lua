-- What all loads share: numbered threads, a clock, the form headers, and the line that load.py
-- reads.

local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long ns; } moment; int clock_gettime(int, moment *);")

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
end

function microseconds()
  local now = ffi.new("moment")
  ffi.C.clock_gettime(1, now) -- CLOCK_MONOTONIC
  return tonumber(now.s) * 1e6 + math.floor(tonumber(now.ns) / 1e3)
end

-- A POST of a form by the client that flows.py names.
function token_request(form)
  local headers = {
    ["Authorization"] = os.getenv("AUTHORIZATION"),
    ["Content-Type"] = "application/x-www-form-urlencoded",
  }
  return wrk.format("POST", os.getenv("TOKEN_PATH"), headers, form)
end

-- The line of this thread in a file that Python wrote.
function line_of_mine(name)
  local line = 0
  for text in io.lines(os.getenv("FOLDER") .. "/" .. name) do
    line = line + 1
    if line == number then return text end
  end
end

function header(headers, name)
  return headers[name] or headers[name:lower()]
end

-- Scripts in which an operation is more than one request, or whose supply may run out before
-- the time does, count their operations themselves; those of several requests give the time at
-- which they began.
function begin_counting()
  times, counted, wrong, began = {}, 0, 0, microseconds()
  ended = began
end

function count(since)
  counted, ended = counted + 1, microseconds()
  if since then times[#times + 1] = ended - since end
end

local function percentile(sorted, percent)
  return sorted[math.max(1, math.ceil(#sorted * percent / 100))] or 0
end

-- RESULT operations microseconds p50 p99 refused
function done(summary, latency)
  local errors = summary.errors
  local refused = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  local p50, p99 = latency:percentile(50), latency:percentile(99)
  local operations, duration = summary.requests - refused, summary.duration
  if threads[1]:get("began") then
    local all, first, last = {}, math.huge, 0
    operations = 0
    for _, thread in ipairs(threads) do
      operations = operations + thread:get("counted")
      for _, time in ipairs(thread:get("times")) do all[#all + 1] = time end
      first, last = math.min(first, thread:get("began")), math.max(last, thread:get("ended"))
      refused = refused + thread:get("wrong")
    end
    duration = math.max(1, last - first)
    if #all > 0 then
      table.sort(all)
      p50, p99 = percentile(all, 50), percentile(all, 99)
    end
  end
  print(string.format("RESULT %d %d %d %d %d", operations, duration, p50, p99, refused))
end
