-- What a Lua script for Wireshark would do: the classic rules as a post-dissector. Netflix's addresses from DNS answers and
-- TLS names, counters of each, and a segment from each packet of the client's that carries data. Beside it, the plugin's
-- cost is measured.
local classic = Proto("nflx_lua", "Netflix by a Lua script")
local server_field = ProtoField.string("nflx_lua.server", "Server")
local direction_field = ProtoField.string("nflx_lua.direction", "Direction")
local segment_field = ProtoField.uint32("nflx_lua.segment", "Segment")
local bytes_field = ProtoField.uint32("nflx_lua.segment.bytes", "Bytes")
classic.fields = { server_field, direction_field, segment_field, bytes_field }

local source, destination = Field.new("ip.src"), Field.new("ip.dst")
local length, payload = Field.new("ip.len"), Field.new("tcp.len")
local owner, address = Field.new("dns.resp.name"), Field.new("dns.a")
local server_name = Field.new("tls.handshake.extensions_server_name")
local words = { "nflxvideo", "netflix", "nflxso", "nflxext" }

local servers, segments, frames = {}, 0, {}

local function is_netflix(name)
    for _, word in ipairs(words) do
        if name:find(word, 1, true) then return true end
    end
    return false
end

local function add(key)
    servers[key] = servers[key] or { in_pkts = 0, out_pkts = 0, in_bytes = 0, out_bytes = 0, bytes = 0, segment = 0 }
end

function classic.init()
    servers, segments, frames = {}, 0, {}
end

function classic.dissector(_, pinfo, tree)
    local from, to = source(), destination()
    if not from then return end
    from, to = tostring(from.value), tostring(to.value)
    if not pinfo.visited then
        local names, addresses = { owner() }, { address() }
        for at, name in ipairs(names) do
            if addresses[at] and is_netflix(name.value) then add(tostring(addresses[at].value)) end
        end
        local name = server_name()
        if name and is_netflix(name.value) then add(to) end
        local server = servers[from] or servers[to]
        if not server then return end
        local bytes, data = length().value, payload()
        data = data and data.value or 0
        if servers[from] then
            server.in_pkts, server.in_bytes = server.in_pkts + 1, server.in_bytes + bytes
            server.bytes = server.bytes + data
        else
            server.out_pkts, server.out_bytes = server.out_pkts + 1, server.out_bytes + bytes
            if data > 0 then
                segments = segments + 1
                server.segment, server.bytes = segments, 0
            end
        end
        frames[pinfo.number] = { servers[from] and from or to, servers[from] and "in" or "out", server.segment, server.bytes }
    end
    local known = frames[pinfo.number]
    if not known then return end
    local subtree = tree:add(classic)
    subtree:add(server_field, known[1])
    subtree:add(direction_field, known[2])
    subtree:add(segment_field, known[3])
    subtree:add(bytes_field, known[4])
end

register_postdissector(classic, true)
