-- One chain of refresh tokens for each thread, which has one connection: every answer brings
-- the token of the next request.

dofile("common.lua")

local refresh_token

function init()
  refresh_token = line_of_mine("refresh-tokens")
end

function request()
  return token_request("grant_type=refresh_token&refresh_token=" .. refresh_token)
end

function response(_, _, body)
  refresh_token = body:match('"refresh_token"%s*:%s*"([^"]+)"') or refresh_token
end
