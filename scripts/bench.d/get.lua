-- The same GET again and again.

dofile("common.lua")
