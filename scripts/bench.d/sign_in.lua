-- Somebody else signs in each time, from an address of their own: opens the form, sends it.
-- One connection for each thread. Only the sending is timed.

dofile("common.lua")

local PEOPLE = tonumber(os.getenv("PEOPLE"))
local turn, cookie, csrf, since = 0, nil, nil, nil

function init()
  begin_counting()
end

function request()
  local headers = {
    ["X-Forwarded-For"] = string.format("10.%d.%d.%d", number, math.floor(turn / 250), turn % 250 + 1),
  }
  if not csrf then return wrk.format("GET", "/sign-in", headers) end
  headers["Cookie"] = cookie
  headers["Content-Type"] = "application/x-www-form-urlencoded"
  since = microseconds()
  -- Each thread has people of its own, so that nobody signs in twice at a time.
  local person = (number - 1 + 16 * turn) % PEOPLE
  local form = string.format("csrf=%s&username=person-%d&password=alice-password", csrf, person)
  return wrk.format("POST", "/sign-in", headers, form)
end

function response(status, headers, body)
  if csrf then
    csrf, turn = nil, turn + 1
    if status == 303 then count(since) else wrong = wrong + 1 end
  else
    cookie = (header(headers, "Set-Cookie") or ""):match("^[^;]+")
    csrf = body:match('name="csrf" value="([^"]+)"')
    if not csrf then wrong = wrong + 1 end
  end
end
