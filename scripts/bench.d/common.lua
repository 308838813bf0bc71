-- What all loads share: numbered threads, the form headers, and the line that measure.py reads.

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
end

-- A POST of a form by the client that measure.py names.
function token_request(form)
  local headers = {
    ["Authorization"] = os.getenv("AUTHORIZATION"),
    ["Content-Type"] = "application/x-www-form-urlencoded",
  }
  return wrk.format("POST", nil, headers, form)
end

-- RESULT requests microseconds p50 p99 refused. Scripts whose supply may run out before the
-- time does count `answered` themselves, and note when that was.
function done(summary, latency)
  local requests, duration = summary.requests, summary.duration
  if threads[1]:get("answered") then
    requests, duration = 0, 1
    for _, thread in ipairs(threads) do
      requests = requests + thread:get("answered")
      duration = math.max(duration, thread:get("ended") - thread:get("began"))
    end
  end
  local errors = summary.errors
  local refused = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("RESULT %d %d %d %d %d", requests, duration,
    latency:percentile(50), latency:percentile(99), refused))
end
