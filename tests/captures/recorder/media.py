"""The media of a watched title: pictures in several rungs and sound, cut into segments of one length each, and the
manifest (DASH) by which a player asks for them. ffmpeg encodes and cuts; rates are what matters, so pictures are small.
"""
import re
import subprocess
from dataclasses import dataclass
from fractions import Fraction

SECONDS = 150  # longer than anyone watches

# Noise that comes and goes gives scenes of different cost, so that segments of one rung differ in size.
PICTURE = ("testsrc2=s=320x180:r={rate}:d={seconds},noise=alls=12:allf=t:enable='lt(mod(t,31),19)',"
           "noise=alls=40:allf=t:enable='lt(mod(t+7,43),11)'")


@dataclass(frozen=True)
class Title:
    name: str
    rate: Fraction      # frames a second
    frames: int         # in a segment of video
    sound_s: float      # seconds in a segment of sound
    rungs: tuple        # (height, kbit/s)
    sound_kbit: int

    @property
    def video_s(self):
        return float(self.frames / self.rate)


FILM = Title("film", Fraction(24000, 1001), 96, 8.0, ((108, 130), (144, 240), (180, 400)), 64)
SHOW = Title("show", Fraction(25), 50, 4.0, ((90, 110), (144, 210), (180, 380)), 96)

URI = re.compile(r"/media/(?P<title>\w+)/(?P<what>video|sound)-(?P<rung>\d+)-(?P<segment>\d+|init)\.m4s")


def _ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-y", "-nostdin", "-loglevel", "error", *map(str, arguments)], check=True)


def _cut(seconds, what, folder):
    """The muxer's options; it cuts at the first key frame that is not before the length given."""
    return ["-f", "dash", "-seg_duration", f"{seconds:.4f}", "-use_template", 1, "-use_timeline", 0,
            "-init_seg_name", f"{what}-$RepresentationID$-init.m4s", "-media_seg_name", f"{what}-$RepresentationID$-$Number$.m4s",
            f"{folder}/{what}.unused"]


def make(title, root):
    """Encodes the title below the server's root. Sound is cut by itself, or ffmpeg would cut it where it cuts pictures."""
    folder = f"{root}/media/{title.name}"
    subprocess.run(["mkdir", "-p", folder], check=True)
    names = [f"[r{n}]" for n in range(len(title.rungs))]
    graph = PICTURE.format(rate=title.rate, seconds=SECONDS) + f",split={len(names)}" + "".join(f"[s{n}]" for n in range(len(names)))
    graph += "".join(f";[s{n}]scale=-2:{height}{names[n]}" for n, (height, _) in enumerate(title.rungs))
    rungs = []
    for n, (_, kbit) in enumerate(title.rungs):
        rungs += ["-map", names[n], f"-b:v:{n}", f"{kbit}k", f"-maxrate:v:{n}", f"{kbit * 3 // 2}k", f"-bufsize:v:{n}", f"{kbit * 4}k"]
    _ffmpeg("-filter_complex", graph, *rungs, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", 0, "-g", title.frames,
            "-keyint_min", title.frames, "-sc_threshold", 0, *_cut(title.video_s - 0.1, "video", folder))
    _ffmpeg("-f", "lavfi", "-i", f"anoisesrc=d={SECONDS}:c=pink:r=48000:a=0.3:seed=4", "-c:a", "aac", "-b:a", f"{title.sound_kbit}k", "-ac", 2,
            *_cut(title.sound_s - 0.012, "sound", folder))


def _set(title, what, host, seconds, representations):
    """An adaptation set: the segments of its representations have one length."""
    unit = 24000
    return (f'<AdaptationSet contentType="{"video" if what == "video" else "audio"}" segmentAlignment="true" startWithSAP="1">'
            f'<BaseURL>https://{host.name}/media/{title.name}/</BaseURL>'
            f'<SegmentTemplate timescale="{unit}" duration="{round(seconds * unit)}" startNumber="1" '
            f'initialization="{what}-$RepresentationID$-init.m4s" media="{what}-$RepresentationID$-$Number$.m4s"/>{representations}</AdaptationSet>')


def manifest(title, host):
    """The manifest; pictures and sound come from one host."""
    video = "".join(f'<Representation id="{n}" mimeType="video/mp4" codecs="avc1.42c015" height="{height}" width="{height * 16 // 9}" '
                    f'bandwidth="{kbit * 1000}"/>' for n, (height, kbit) in enumerate(title.rungs))
    sound = (f'<Representation id="0" mimeType="audio/mp4" codecs="mp4a.40.2" audioSamplingRate="48000" '
             f'bandwidth="{title.sound_kbit * 1000}"/>')
    return ('<?xml version="1.0" encoding="utf-8"?>'
            '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" minBufferTime="PT2S" '
            f'mediaPresentationDuration="PT{SECONDS - 10}S"><Period id="0" start="PT0S">'
            + _set(title, "video", host, title.video_s, video) + _set(title, "sound", host, title.sound_s, sound) + "</Period></MPD>\n")


def describe(uri, titles):
    """(kind, seconds of media, height) of what a request asked for; seconds and height are None where it is no media."""
    found = URI.match(uri)
    if not found:
        return "control", None, None
    title = next(t for t in titles if t.name == found["title"])
    video = found["what"] == "video"
    if found["segment"] == "init":
        return "control", None, None
    height = title.rungs[int(found["rung"])][0] if video else None
    return ("video", title.video_s, height) if video else ("audio", title.sound_s, None)
