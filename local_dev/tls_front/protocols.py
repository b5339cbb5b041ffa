"""hypercorn's protocols, with what they lack for being in front: that each request is noted down, that WebSockets are
passed on as they are (tunnel.py), and that no client's odd end is another's.

hypercorn has no place to put such classes in, so `install` puts them where it looks for its own. Each repair has a test
in tests/local_dev/tls_front, which says when hypercorn no longer needs it.
"""

import hypercorn.asyncio.run
import hypercorn.protocol
import hypercorn.protocol.h2
import hypercorn.protocol.h3
import hypercorn.protocol.h11
import hypercorn.protocol.quic

from .http1 import Connection, Http1
from .http2 import Buffer, Http2
from .http3 import Datagrams, Http3, Quic
from .tunnel import Tunnel


def install() -> None:
    """Have hypercorn use these from now on, in this process."""
    for module, name, ours in (
        (hypercorn.protocol, "H11Protocol", Http1),
        (hypercorn.protocol, "H2Protocol", Http2),
        (hypercorn.protocol.h2, "StreamBuffer", Buffer),
        (hypercorn.protocol.quic, "H3Protocol", Http3),
        (hypercorn.protocol.quic, "QuicProtocol", Quic),
        (hypercorn.asyncio.run, "TCPServer", Connection),
        (hypercorn.asyncio.run, "UDPServer", Datagrams),
        (hypercorn.protocol.h11, "WSStream", Tunnel),
        (hypercorn.protocol.h2, "WSStream", Tunnel),
        (hypercorn.protocol.h3, "WSStream", Tunnel),
    ):
        assert hasattr(module, name)
        setattr(module, name, ours)
