-- One chain of refresh tokens for each thread, which has one connection: every answer brings
-- the token of the next request.

dofile("common.lua")

local refresh_token

function init()
  local line = 0
  for token in io.lines(os.getenv("FOLDER") .. "/refresh-tokens") do
    line = line + 1
    if line == number then refresh_token = token end
  end
end

function request()
  return token_request("grant_type=refresh_token&refresh_token=" .. refresh_token)
end

function response(_, _, body)
  refresh_token = body:match('"refresh_token"%s*:%s*"([^"]+)"') or refresh_token
end
