-- Not measured: keeps the ID-JAGs that it gets, a file for each thread, for redeem.lua.

dofile("common.lua")

local file

function init()
  local bytes = token_request(os.getenv("FORM"))
  request = function() return bytes end
  file = io.open(os.getenv("FOLDER") .. "/id-jags-" .. number, "w")
end

function response(status, _, body)
  if status == 200 then
    file:write(body:match('"access_token"%s*:%s*"([^"]+)"'), "\n")
    file:flush()
  end
end
