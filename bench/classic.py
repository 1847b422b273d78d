"""The classic course exercise with scapy: Netflix's addresses from DNS answers, and what each of them sent.

usage: classic.py CAPTURE PACKETS
"""

import sys
from collections import Counter

from scapy.all import DNS, IP, PcapReader

WORDS = (b"nflxvideo", b"netflix", b"nflxso", b"nflxext")

servers, sent = set(), Counter()
with PcapReader(sys.argv[1]) as packets:
    for number, packet in enumerate(packets):
        if number >= int(sys.argv[2]):
            break
        if DNS in packet and packet[DNS].ancount:
            answers = packet[DNS].an
            for answer in [answers[at] for at in range(packet[DNS].ancount)]:
                if answer.type == 1 and any(word in answer.rrname for word in WORDS):
                    servers.add(answer.rdata)
        if IP in packet and packet[IP].src in servers:
            sent[packet[IP].src] += packet[IP].len
for address, count in sent.most_common():
    print(address, count)
