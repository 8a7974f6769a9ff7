-- Read by wrk: an optional body, and at the end one line of JSON with latencies in microseconds.
function init()
  local bytes = tonumber(os.getenv("POST_BYTES") or "0")
  if bytes > 0 then
    wrk.method = "POST"
    wrk.body = string.rep("x", bytes)
    wrk.headers["Content-Type"] = "application/octet-stream"
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nREPORT {"requests":%d,"micros":%d,"bytes":%d,"meanMicros":%f,"p50Micros":%f,"p99Micros":%f,"maxMicros":%f,' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.duration, summary.bytes, latency.mean, latency:percentile(50), latency:percentile(99), latency.max,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
