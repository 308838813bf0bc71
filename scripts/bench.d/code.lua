-- The code flow with PKCE, by people who have signed in and consented before: authorization
-- request, code, tokens. One person for each thread, which has one connection.

dofile("common.lua")

local code, since, authorize

function init()
  authorize = wrk.format("GET", os.getenv("AUTHORIZE"), { ["Cookie"] = line_of_mine("cookies") })
  begin_counting()
end

function request()
  if code then return token_request(os.getenv("FORM") .. "&code=" .. code) end
  since = microseconds()
  return authorize
end

function response(status, headers, body)
  if code then
    code = nil
    if status == 200 and body:find('"id_token"', 1, true) then count(since) else wrong = wrong + 1 end
  else
    code = (header(headers, "Location") or ""):match("[?&]code=([^&]+)")
    if not code then wrong = wrong + 1 end
  end
end
