#!/bin/sh
# Makes the example videos of this folder again: six short portrait clips, H.264 with AAC sound, in MP4 files whose
# index stands at the front. They are real videos, yet small enough to live in the repository.
#
#   ./make.sh [FOLDER]      writes into FOLDER, by default the folder of this script
#
# Needs ffmpeg with libx264. Titles are drawn when fontconfig finds a font; without one the clips are made bare.
# Everything is synthetic (colour sources, sine tones), so the clips may be used and posted by anyone.
set -eu

out=${1:-$(dirname "$0")}
font=$(fc-match -f '%{file}' 'DejaVu Sans:bold' 2>/dev/null || true)

# title TEXT SIZE COLOUR Y: a drawtext filter with a leading comma, or nothing when there is no font.
title() {
    [ -n "$font" ] || return 0
    printf ",drawtext=fontfile='%s':text='%s':fontsize=%s:fontcolor=%s:x=(w-text_w)/2:y=%s:shadowx=3:shadowy=3" \
        "$font" "$1" "$2" "$3" "$4"
}

# clip NAME SECONDS CRF HERTZ SOURCE-AND-FILTERS: one file. One thread and bit-exact flags keep it reproducible.
clip() {
    name=$1 seconds=$2 crf=$3 hertz=$4 graph=$5
    ffmpeg -nostdin -v error -y \
        -f lavfi -i "$graph,format=yuv420p" \
        -f lavfi -i "sine=frequency=$hertz:sample_rate=44100,tremolo=f=3:d=0.6,volume=0.25" \
        -t "$seconds" -r 30 \
        -c:v libx264 -preset slow -crf "$crf" -profile:v high -threads 1 -g 150 \
        -c:a aac -b:a 32k -ac 1 \
        -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 -movflags +faststart \
        "$out/$name.mp4"
}

# The bakery: a product launch over several days.
clip spring-bread 6 32 330 "gradients=s=720x1280:r=30:c0=0x2e5d34:c1=0xf2d06b:x0=0:y0=0:x1=720:y1=1280:nb_colors=2:seed=7:speed=0.02$(title 'Spring bread' 84 white 520)$(title 'baked at four' 44 white 640)"
clip croissant 5 33 392 "gradients=s=720x1280:r=30:c0=0x7a3b12:c1=0xf7c873:c2=0xfff1d0:nb_colors=3:seed=3:speed=0.03$(title 'Croissant' 96 white '500+60*sin(t*2)')$(title 'every morning' 44 0x3a1a05 700)"
clip market 8 36 262 "life=s=90x160:mold=10:r=30:ratio=0.08:seed=11:death_color=0x1b3a57:life_color=0xf2a33a:mold_color=0x102030,fps=6,scale=720:1280:flags=neighbor$(title 'Market day' 92 white 560)$(title 'Saturday, by the river' 44 white 680)"

# The fashion house: a teaser, a film, an opening.
clip teaser-9x16 4 34 523 "testsrc2=s=720x1280:r=30,hue=s=0.55,gblur=sigma=12$(title 'FW COLLECTION' 70 white 540)$(title 'tomorrow at six' 48 white 660)"
clip film-9x16 6 46 294 "gradients=s=1080x1920:r=30:c0=0x101018:c1=0x8a1c4a:c2=0x2c2f6b:nb_colors=3:seed=21:speed=0.015$(title 'THE FILM' 150 white '820-10*t')$(title 'a house in six seconds' 60 0xd8c8d0 1020)"
clip opening 6 43 440 "mandelbrot=s=360x640:r=30:start_scale=2.6:end_scale=0.9:end_pts=210:maxiter=90:inner=black,scale=720:1280,gblur=sigma=4$(title 'Opening night' 80 white 180)$(title 'doors at seven' 48 white 1080)"
