// libavformat over one descriptor, with every way to a second file or the network shut.
#include "inspect.hpp"

#include "media_file.hpp"
#include "trouble.hpp"

#include <fmt/format.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>

namespace postrider::probe {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr int io_buffer_size_bytes = 64 * 1024;
constexpr char const* streams_max = "64";

/// Decoders that may run while stream facts are completed. Others are known by name alone, and
/// their code never runs.
constexpr char const* allowed_decoders =
    "h264,hevc,vp8,vp9,av1,libdav1d,mpeg4,mjpeg,png,webp,gif,aac,mp3,mp3float,opus,vorbis,flac";

Trouble out_of_time() {
    return {"media.limit",
            "took too long to examine; it may be damaged, so export it again as MP4 (H.264, AAC)"};
}
Trouble out_of_memory() {
    return {"media.limit",
            "needs more memory to examine than is allowed; it may be damaged, so export it again "
            "as MP4 (H.264, AAC)"};
}
Trouble damaged(std::string_view what) {
    return {"media.damaged", fmt::format("is damaged: {}; export or copy it again", what)};
}
Trouble not_media(std::string_view what) {
    return {"media.not_media", fmt::format("{}; give a video or picture file", what)};
}

/// Hands the parser bytes of the file. C code calls it, so nothing may be thrown through: trouble
/// is kept for later.
class Input {
 public:
    Input(MediaFile const& file, Deadline deadline) : file_(file), deadline_(deadline) {
        auto* buffer = static_cast<unsigned char*>(av_malloc(io_buffer_size_bytes));
        if (buffer == nullptr) throw std::bad_alloc();
        context_ = avio_alloc_context(
            buffer, io_buffer_size_bytes, 0, this, &Input::read, nullptr, &Input::seek);
        if (context_ == nullptr) {
            av_free(buffer);
            throw std::bad_alloc();
        }
    }
    ~Input() {
        av_freep(&context_->buffer);
        avio_context_free(&context_);
    }
    Input(Input const&) = delete;
    Input& operator=(Input const&) = delete;

    [[nodiscard]] AVIOContext* context() const { return context_; }
    [[nodiscard]] bool out_of_time() const { return std::chrono::steady_clock::now() >= deadline_; }
    static int interrupted(void* self) { return static_cast<Input*>(self)->out_of_time() ? 1 : 0; }

    /// Rethrows what reading threw, and says first of all when time was up: any other failure may
    /// be its consequence.
    void require_calm() const {
        if (trouble_) std::rethrow_exception(trouble_);
        if (out_of_time()) throw probe::out_of_time();
    }

 private:
    static int read(void* self, std::uint8_t* to, int size) {
        auto& input = *static_cast<Input*>(self);
        if (input.out_of_time()) return AVERROR_EXIT;
        try {
            std::size_t const count =
                input.file_.read(input.offset_, to, static_cast<std::size_t>(size));
            input.offset_ += count;
            return count == 0 ? AVERROR_EOF : static_cast<int>(count);
        } catch (...) {
            input.trouble_ = std::current_exception();
            return AVERROR(EIO);
        }
    }
    static std::int64_t seek(void* self, std::int64_t offset, int whence) {
        auto& input = *static_cast<Input*>(self);
        auto const size = static_cast<std::int64_t>(input.file_.identity().size_bytes);
        std::int64_t base = 0;
        switch (whence & ~AVSEEK_FORCE) {
            case AVSEEK_SIZE:
                return size;
            case SEEK_SET:
                break;
            case SEEK_CUR:
                base = static_cast<std::int64_t>(input.offset_);
                break;
            case SEEK_END:
                base = size;
                break;
            default:
                return AVERROR(EINVAL);
        }
        std::int64_t target = 0;
        if (__builtin_add_overflow(base, offset, &target) || target < 0) return AVERROR(EINVAL);
        input.offset_ = static_cast<std::uint64_t>(target);
        return target;
    }

    MediaFile const& file_;
    Deadline deadline_;
    std::uint64_t offset_ = 0;
    std::exception_ptr trouble_;
    AVIOContext* context_ = nullptr;
};

struct CloseFormat {
    void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
};
using Format = std::unique_ptr<AVFormatContext, CloseFormat>;

/// Any wish of the parser for a second file ends here.
int refuse_to_open(AVFormatContext*, AVIOContext**, char const*, int, AVDictionary**) {
    return AVERROR(EPERM);
}

AVInputFormat const* recognise(Input& input) {
    AVInputFormat const* demuxer = nullptr;
    int const score = av_probe_input_buffer2(input.context(), &demuxer, "", nullptr, 0, 0);
    input.require_calm();
    if (score == AVERROR(ENOMEM)) throw out_of_memory();
    // A score below the retry mark is a guess that plain text can earn.
    if (score < 0 || demuxer == nullptr || score <= AVPROBE_SCORE_RETRY)
        throw not_media("is no media file, whatever its name says");
    if (!is_allowed(demuxer->name))
        throw not_media(fmt::format("is of a kind that is not accepted here ({})", demuxer->name));
    return demuxer;
}

Format open_format(Input& input, AVInputFormat const* demuxer) {
    AVFormatContext* raw = avformat_alloc_context();
    if (raw == nullptr) throw std::bad_alloc();
    raw->pb = input.context();
    raw->flags |= AVFMT_FLAG_CUSTOM_IO;
    raw->io_open = &refuse_to_open;
    raw->interrupt_callback = {&Input::interrupted, &input};
    av_opt_set(raw, "protocol_whitelist", "", 0);
    av_opt_set(raw, "format_whitelist", allowed_demuxers, 0);
    av_opt_set(raw, "codec_whitelist", allowed_decoders, 0);
    av_opt_set(raw, "max_streams", streams_max, 0);

    // On failure the context is freed by the callee and the pointer set to null.
    int const status = avformat_open_input(&raw, "", demuxer, nullptr);
    input.require_calm();
    if (status == AVERROR(ENOMEM)) throw out_of_memory();
    if (status < 0)
        throw damaged("its index or header is missing or broken, as after a copy that broke off");
    return Format(raw);
}

/// The largest picture track that is not a cover or a preview.
AVStream const* main_video(std::span<AVStream* const> streams) {
    AVStream const* best = nullptr;
    auto const area = [](AVStream const* stream) {
        return std::int64_t{stream->codecpar->width} * stream->codecpar->height;
    };
    for (AVStream const* stream : streams) {
        if (stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
        if ((stream->disposition &
             (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) != 0)
            continue;
        if (best == nullptr || area(stream) > area(best)) best = stream;
    }
    return best;
}

AVStream const* first_audio(std::span<AVStream* const> streams) {
    auto const found = std::find_if(streams.begin(), streams.end(), [](AVStream const* stream) {
        return stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    });
    return found == streams.end() ? nullptr : *found;
}

/// Degrees clockwise, a multiple of 90: what a phone wrote that was held upright.
int rotation_of(AVStream const* stream) {
    std::size_t size = 0;
    auto const* matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (matrix == nullptr || size < 9 * sizeof(std::int32_t)) return 0;
    double const counterclockwise =
        av_display_rotation_get(reinterpret_cast<std::int32_t const*>(matrix));
    if (std::isnan(counterclockwise)) return 0;
    int const quarters = static_cast<int>(std::lround(-counterclockwise / 90.0)) % 4;
    return (quarters + 4) % 4 * 90;
}

/// An MP4 or MOV file whose index speaks of bytes beyond the file's end was cut off.
void require_whole(AVFormatContext const* format, std::uint64_t size_bytes) {
    for (AVStream* stream : std::span(format->streams, format->nb_streams)) {
        int const count = avformat_index_get_entries_count(stream);
        for (int at = 0; at < count; ++at) {
            AVIndexEntry const* entry = avformat_index_get_entry(stream, at);
            if (entry->pos >= 0 &&
                static_cast<std::uint64_t>(entry->pos) + entry->size > size_bytes)
                throw damaged("its end is missing, as after a copy that broke off");
        }
    }
}

std::string brand_of(AVFormatContext const* format) {
    AVDictionaryEntry const* entry = av_dict_get(format->metadata, "major_brand", nullptr, 0);
    return entry == nullptr ? "" : entry->value;
}

std::int64_t duration_ms_of(AVFormatContext const* format, AVStream const* stream) {
    if (format->duration != AV_NOPTS_VALUE && format->duration > 0)
        return av_rescale(format->duration, 1000, AV_TIME_BASE);
    if (stream != nullptr && stream->duration != AV_NOPTS_VALUE && stream->duration > 0)
        return av_rescale_q(stream->duration, stream->time_base, AVRational{1, 1000});
    return 0;
}

void add_picture(Facts& facts, AVStream const* stream, std::span<unsigned char const> head) {
    facts.rotation = rotation_of(stream);
    facts.width = stream->codecpar->width;
    facts.height = stream->codecpar->height;
    if (facts.width <= 0 && facts.container.name == "webp") {
        auto const [width, height] = webp_canvas(head);
        facts.width = width;
        facts.height = height;
    }
    if (facts.width <= 0 || facts.height <= 0)
        throw damaged("the size of its picture cannot be found");
    if (facts.rotation % 180 != 0) std::swap(facts.width, facts.height);
}

}  // namespace

Facts inspect(MediaFile const& file, Deadline deadline) {
    std::array<unsigned char, 4096> head_bytes{};
    std::span<unsigned char const> const head(head_bytes.data(),
                                              file.read(0, head_bytes.data(), head_bytes.size()));

    Input input(file, deadline);
    input.require_calm();
    AVInputFormat const* demuxer = recognise(input);
    Format const format = open_format(input, demuxer);
    if (std::string_view(demuxer->name).starts_with("mov,"))
        require_whole(format.get(), file.identity().size_bytes);

    int const status = avformat_find_stream_info(format.get(), nullptr);
    input.require_calm();
    if (status == AVERROR(ENOMEM)) throw out_of_memory();
    if (status < 0) throw damaged("its streams cannot be read");

    std::span<AVStream* const> const streams(format->streams, format->nb_streams);
    AVStream const* video = main_video(streams);
    AVStream const* audio = first_audio(streams);
    if (video == nullptr && audio == nullptr) throw not_media("holds neither pictures nor sound");

    Facts facts;
    std::string const brand = brand_of(format.get());
    std::string const type = doc_type(head);
    facts.container = container_of({demuxer->name, brand, type, video != nullptr});
    if (video != nullptr) add_picture(facts, video, head);
    if (facts.container.is_image) {
        facts.kind = "image";
        return facts;
    }
    facts.kind = video != nullptr ? "video" : "audio";
    facts.duration_ms = duration_ms_of(format.get(), video != nullptr ? video : audio);
    facts.bit_rate = std::max<std::int64_t>(0, format->bit_rate);
    facts.has_sound = audio != nullptr;
    if (audio != nullptr) facts.audio_codec = avcodec_get_name(audio->codecpar->codec_id);
    if (video != nullptr) {
        facts.video_codec = avcodec_get_name(video->codecpar->codec_id);
        AVRational rate = video->avg_frame_rate;
        if (rate.num <= 0 || rate.den <= 0) rate = video->r_frame_rate;
        if (rate.num > 0 && rate.den > 0) {
            facts.frame_rate_num = rate.num;
            facts.frame_rate_den = rate.den;
        }
    }
    return facts;
}

}  // namespace postrider::probe
