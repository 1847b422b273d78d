"""The hosts: names, addresses and aliases of the servers that the scenarios talk to.

Names have the shape of the real service's names, addresses are private, owners of alias targets are example domains.
"""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Host:
    name: str
    v4: str = None
    v6: str = None
    netflix: bool = True
    aliases: tuple = field(default=())  # the chain of CNAME targets, the last one owns the addresses
    http2: bool = False

    @property
    def names(self):
        return (self.name, *self.aliases)

    @property
    def addresses(self):
        return tuple(a for a in (self.v4, self.v6) if a)


OCA1 = Host("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net", "10.9.1.11")
OCA2 = Host("ipv4-c002-zrh001-ix.1.oca.nflxvideo.net", "10.9.1.12")
OCA3 = Host("ipv4-c003-fra004-ix.1.oca.nflxvideo.net", "10.9.1.13")
OCA_H2 = Host("ipv4-c004-fra004-ix.1.oca.nflxvideo.net", "10.9.1.14", http2=True)
OCA_ISP = Host("ipv4_1-lagg0-c005.1.gva001.ix.nflxvideo.net", "10.9.1.15")
OCA_RAW = Host("ipv4-c006-zrh001-ix.1.oca.nflxvideo.net", "10.9.1.16")
OCA_V6 = Host("ipv6-c001-zrh001-ix.1.oca.nflxvideo.net", None, "fd09:0:0:1::11")
WWW = Host("www.netflix.com", "10.9.2.21", "fd09:0:0:2::21",
           aliases=("www.geo.netflix.com", "website-lb-3.eu-west-1.lb.example.com"))
API = Host("api-global.netflix.com", "10.9.2.22", aliases=("api-global.geo.netflix.com", "api-lb-9.eu-west-1.lb.example.com"))
ART = Host("occ-0-769-768.1.nflxso.net", "10.9.2.23", aliases=("e13252.dscg.edge.example.net",))
DOWNLOADS = Host("downloads.example.org", "10.9.9.31", netflix=False)
FOREIGN = Host("www.example.com", "10.9.9.32", netflix=False, aliases=("website-lb-4.eu-west-1.lb.example.com",))

HOSTS = (OCA1, OCA2, OCA3, OCA_H2, OCA_ISP, OCA_RAW, OCA_V6, WWW, API, ART, DOWNLOADS, FOREIGN)
ADDRESSES = tuple(a for h in HOSTS for a in h.addresses)


def by_address(address):
    return next((h for h in HOSTS if address in h.addresses), None)
