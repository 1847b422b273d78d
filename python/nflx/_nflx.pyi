import os
from typing import Any, Callable, Dict, List, Optional, Sequence, SupportsFloat, Tuple, Union, final

__all__ = ["__version__", "Engine", "Packet", "Segment", "Server", "Window", "Table", "read_table"]

__version__: str

@final
class Packet:
    frame: int
    flow: Optional[int]
    direction: str
    server: Optional[str]
    name: Optional[str]
    evidence: Optional[str]
    role: str
    request: bool
    segment: Optional[int]
    kind: Optional[str]
    bytes_so_far: Optional[int]
    server_in_pkts: int
    server_out_pkts: int
    server_in_bytes: int
    server_out_bytes: int
    flow_in_pkts: int
    flow_out_pkts: int
    flow_in_bytes: int
    flow_out_bytes: int
    truncated: bool
    def as_dict(self) -> Dict[str, Any]: ...

@final
class Segment:
    segment: int
    index: int
    server: Optional[str]
    server_port: int
    client: str
    client_port: int
    transport: str
    name: Optional[str]
    kind: str
    request_frame: int
    first_frame: Optional[int]
    last_frame: Optional[int]
    t_request_ns: int
    t_first_ns: Optional[int]
    t_last_ns: Optional[int]
    pkts: int
    bytes: int
    app_bytes: int
    retransmitted_bytes: int
    missing_bytes: int
    size_error: int
    ttfb_s: Optional[float]
    duration_s: Optional[float]
    throughput_bps: Optional[float]
    complete: bool
    estimated: bool
    shared: bool
    inferred: bool
    aborted: bool
    via: Optional[str]
    settled: bool
    def as_dict(self) -> Dict[str, Any]: ...

@final
class Server:
    server: str
    name: Optional[str]
    evidence: List[str]
    role: str
    flows: int
    in_pkts: int
    out_pkts: int
    in_bytes: int
    out_bytes: int
    segments: int
    segment_bytes: int
    t_first_ns: int
    t_last_ns: int
    def as_dict(self) -> Dict[str, Any]: ...

@final
class Window:
    session: int
    window: int
    client: str
    from_ns: int
    to_ns: int
    label: Optional[str]
    value: Optional[float]
    confidence: Optional[float]
    out_of_range: bool
    reason: Optional[str]
    def as_dict(self) -> Dict[str, Any]: ...

@final
class Engine:
    def __new__(
        cls,
        *,
        model: "Union[bytes, str, os.PathLike[str], None]" = None,
        as_known: int = 0,
        **settings: object,
    ) -> Engine: ...
    def packet(
        self,
        data: bytes,
        time: Optional[SupportsFloat] = None,
        *,
        time_ns: Optional[int] = None,
        link_type: int = 1,
        original_length: Optional[int] = None,
        frame: Optional[int] = None,
    ) -> Optional[Packet]: ...
    def settled(self) -> List[Segment]: ...
    def windows(self) -> List[Window]: ...
    def finish(self) -> None: ...
    def segments(self) -> List[Segment]: ...
    def servers(self) -> List[Server]: ...
    @property
    def should_read_again(self) -> bool: ...
    def read_again(self) -> None: ...
    @property
    def lost(self) -> int: ...

@final
class Table:
    @property
    def name(self) -> str: ...
    @property
    def column_names(self) -> List[str]: ...
    @property
    def num_rows(self) -> int: ...
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...
    def to_arrow(self) -> Any: ...
    def to_pandas(self) -> Any: ...

def read_table(
    arguments: Sequence[str], progress: Optional[Callable[[int, int], object]] = None
) -> Tuple[bool, List[str], Optional[Table]]: ...
