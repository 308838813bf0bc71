-- The same form again and again.

dofile("common.lua")

function init()
  local bytes = token_request(os.getenv("FORM"))
  request = function() return bytes end
end
