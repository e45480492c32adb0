-- Ask for the lines of a file, each once while there are any, and say at the end what came of it.
-- Run by wrk for benchmarks/load_wrk.py.
-- Arguments after `--`: the file, how many of its lines to leave out at the beginning, and of how many threads this
-- is (wrk sets up and starts one after the other, so that the first would know of no other).

local threads = {}

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

function init(args)
   lines, place, asked, missing = {}, 0, 0, 0
   statuses = {}
   local skipped, of, seen, first = tonumber(args[2]), tonumber(args[3]), 0, nil
   for line in io.lines(args[1]) do
      -- Every thread has lines of its own; those of earlier runs come last.
      if seen % of == number then table.insert(lines, line) end
      first = first or line
      seen = seen + 1
   end
   -- Where there are fewer lines than threads, the first one is everybody's.
   if #lines == 0 then table.insert(lines, first) end
   place = math.floor(skipped / of)
end

local readers = os.getenv("MATOME_WRK_READERS")

local pause = tonumber(os.getenv("MATOME_WRK_PAUSE") or "")
if pause then
   -- Milliseconds that a connection waits between an answer and its next request, more or less.
   function delay() return math.random(math.floor(pause / 2), math.floor(pause * 1.5)) end
end

function request()
   if readers then
      -- Each request is another reader's, as a trusted proxy would say.
      local reader = number * 7340033 + place
      wrk.headers["X-Forwarded-For"] =
         string.format("10.%d.%d.%d", math.floor(reader / 65536) % 256, math.floor(reader / 256) % 256, reader % 256)
   end
   local line = lines[place % #lines + 1]
   place = place + 1
   asked = asked + 1
   return wrk.format("GET", line)
end

-- Reading every answer in Lua costs the machine more than a cached page costs nginx: only where statuses matter.
if os.getenv("MATOME_WRK_STATUSES") then
   function response(status, headers)
      statuses[status] = (statuses[status] or 0) + 1
      if (status == 429 or status == 503) and not (headers["Retry-After"] or headers["retry-after"]) then
         missing = missing + 1
      end
   end
end

function done(summary, latency, requests)
   local asked, missing, counts = 0, 0, {}
   for _, thread in ipairs(threads) do
      asked = asked + thread:get("asked")
      missing = missing + thread:get("missing")
      for status, count in pairs(thread:get("statuses")) do counts[status] = (counts[status] or 0) + count end
   end
   local parts = {}
   for status, count in pairs(counts) do table.insert(parts, string.format('"%d": %d', status, count)) end
   local errors = summary.errors
   io.write(string.format(
      '\nRESULT {"asked": %d, "answered": %d, "seconds": %.3f, "bytes": %d, "connect": %d, "read": %d, "write": %d, ' ..
      '"timeout": %d, "status": %d, "without_retry": %d, "statuses": {%s}, ' ..
      '"p50": %.3f, "p90": %.3f, "p99": %.3f, "worst": %.3f}\n',
      asked, summary.requests, summary.duration / 1e6, summary.bytes, errors.connect, errors.read, errors.write,
      errors.timeout, errors.status, missing, table.concat(parts, ", "),
      latency:percentile(50) / 1000, latency:percentile(90) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
