-- Redeems each collected ID-JAG once, and stops when there are no more.

dofile("common.lua")

local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long ns; } moment; int clock_gettime(int, moment *);")

local GRANT = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
local id_jags = {}
local sent = 0

local function microseconds()
  local now = ffi.new("moment")
  ffi.C.clock_gettime(1, now) -- CLOCK_MONOTONIC
  return tonumber(now.s) * 1e6 + math.floor(tonumber(now.ns) / 1e3)
end

function init()
  for line in io.lines(os.getenv("FOLDER") .. "/id-jags-" .. number) do
    id_jags[#id_jags + 1] = line
  end
  answered, began = 0, microseconds()
  ended = began
end

function request()
  sent = sent + 1
  return token_request(GRANT .. (id_jags[sent] or "none-left"))
end

function response(status)
  if status == 200 then
    answered, ended = answered + 1, microseconds()
  end
  if sent >= #id_jags then wrk.thread:stop() end
end
