-- Redeems each collected ID-JAG once, and stops when there are no more.

dofile("common.lua")

local GRANT = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
local id_jags = {}
local sent = 0

function init()
  for line in io.lines(os.getenv("FOLDER") .. "/id-jags-" .. number) do
    id_jags[#id_jags + 1] = line
  end
  begin_counting()
end

function request()
  sent = sent + 1
  return token_request(GRANT .. (id_jags[sent] or "none-left"))
end

function response(status)
  if status == 200 then count() end
  if sent >= #id_jags then wrk.thread:stop() end
end
