#!/bin/sh
# Makes the test media of this folder again: one file for each thing that media rules or the probe must notice.
# Each is as small as it can be.
#
#   ./make.sh [FOLDER]      writes into FOLDER, by default the folder of this script
#
# Needs ffmpeg with libx264, libx265, libvpx-vp9 and libwebp.
set -eu

out=${1:-$(dirname "$0")}

# make NAME INPUTS-AND-OPTIONS...: one file. One thread and bit-exact flags keep it reproducible.
make() {
    name=$1
    shift
    ffmpeg -nostdin -v error -y "$@" -threads 1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
        -map_metadata -1 "$out/$name"
}

picture() { printf 'color=c=0x336699:s=%s:r=%s,format=yuv420p' "$1" "$2"; }
tone='sine=frequency=440:sample_rate=16000,volume=0.2'
h264='-c:v libx264 -preset veryslow -crf 40 -g 100000 -x264-params scenecut=0:repeat-headers=0'
aac='-c:a aac -b:a 16k -ac 1'
front='-movflags +faststart'

# shellcheck disable=SC2086  # the option lists above are meant to be split
{
    # Right in every respect: what the others are compared with.
    make good.mp4 -f lavfi -i "$(picture 360x640 30)" -f lavfi -i "$tone" -t 4 $h264 $aac $front
    # Wrong in one number each.
    make fps61.mp4 -f lavfi -i "$(picture 360x640 61)" -f lavfi -i "$tone" -t 4 $h264 $aac $front
    make narrow300.mp4 -f lavfi -i "$(picture 300x640 30)" -f lavfi -i "$tone" -t 4 $h264 $aac $front
    make long.mp4 -f lavfi -i "$(picture 360x640 24)" -t 240 $h264 $front
    # Right, but unusual.
    make landscape.mp4 -f lavfi -i "$(picture 640x360 30)" -f lavfi -i "$tone" -t 4 $h264 $aac $front
    make square.mp4 -f lavfi -i "$(picture 480x480 30)" -f lavfi -i "$tone" -t 4 $h264 $aac $front
    make silent.mp4 -f lavfi -i "$(picture 360x640 30)" -t 4 $h264 $front
    make ntsc.mp4 -f lavfi -i "$(picture 360x640 30000/1001)" -t 4 $h264 $front
    make hevc.mp4 -f lavfi -i "$(picture 360x640 30)" -t 4 -c:v libx265 -preset fast -crf 40 \
        -x265-params log-level=none:pools=none:frame-threads=1 -tag:v hvc1 $front
    make vp9.webm -f lavfi -i "$(picture 360x640 30)" -t 4 -c:v libvpx-vp9 -b:v 0 -crf 60 -g 1000
    make vp9.mkv -f lavfi -i "$(picture 360x640 30)" -t 4 -c:v libvpx-vp9 -b:v 0 -crf 60 -g 1000
    make sample.mov -f lavfi -i "$(picture 360x640 30)" -f lavfi -i "$tone" -t 4 $h264 $aac $front
    # Stored lying down, shown upright, as phones do: the display matrix says a quarter turn clockwise.
    ffmpeg -nostdin -v error -y -i "$out/landscape.mp4" -c copy -metadata:s:v:0 rotate=270 \
        -fflags +bitexact $front "$out/rotated.mp4"
    # No video, or in a container that few networks take.
    make sample.avi -f lavfi -i "$(picture 144x256 25)" -t 1 -c:v mpeg4 -q:v 31 -g 1000
    make audio-only.m4a -f lavfi -i "$tone" -t 3 $aac $front
    make photo.jpg -f lavfi -i "testsrc2=s=360x640:r=1" -frames:v 1 -q:v 20
    make photo.png -f lavfi -i "color=c=0x336699:s=360x640:r=1,format=rgb24" -frames:v 1
    make photo.webp -f lavfi -i "testsrc2=s=360x640:r=1" -frames:v 1 -c:v libwebp -quality 20
    make moving.gif -f lavfi -i "color=c=0x336699:s=120x160:r=10" -t 1

    # Broken: the index comes last and has been cut away; the index is whole, but the pictures are cut away.
    make whole.tmp.mp4 -f lavfi -i "testsrc2=s=360x640:r=30" -t 1 -c:v libx264 -preset veryslow -crf 40
    size=$(wc -c < "$out/whole.tmp.mp4")
    head -c $((size / 2)) "$out/whole.tmp.mp4" > "$out/truncated.mp4"
    make whole.tmp.mp4 -f lavfi -i "testsrc2=s=360x640:r=30" -t 1 -c:v libx264 -preset veryslow -crf 40 $front
    head -c $((size * 3 / 4)) "$out/whole.tmp.mp4" > "$out/cut-tail.mp4"
    rm "$out/whole.tmp.mp4"
}

# Not media at all.
: > "$out/empty.mp4"
printf 'This is a letter, and no video.\nIts name alone says otherwise.\n' > "$out/not-a-video.mp4"
# A playlist that points at a real video beside it: it must never be followed.
printf '#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\ngood.mp4\n#EXT-X-ENDLIST\n' > "$out/playlist.mp4"
printf "ffconcat version 1.0\nfile good.mp4\n" > "$out/concat.mp4"
