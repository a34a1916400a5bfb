// Hashes, by OpenSSL. The older SHA256_* functions are used on purpose: their state is a plain
// struct that can be written to the state file, which EVP contexts do not allow. They run the same
// machine code.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tiktok/emulator/model/digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstring>

namespace postrider::tiktok::emulator {
namespace {

std::string to_hex(unsigned char const* bytes, std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(size * 2);
    for (std::size_t i = 0; i < size; ++i) {
        out += digits[bytes[i] >> 4];
        out += digits[bytes[i] & 15];
    }
    return out;
}

bool from_hex(std::string_view text, unsigned char* bytes, std::size_t size) {
    auto const digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        return -1;
    };
    if (text.size() != size * 2) return false;
    for (std::size_t i = 0; i < size; ++i) {
        int const high = digit(text[2 * i]);
        int const low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = static_cast<unsigned char>(high * 16 + low);
    }
    return true;
}

}  // namespace

Sha256::Sha256() : context_{} {
    SHA256_Init(&context_);
}

void Sha256::update(std::string_view bytes) {
    SHA256_Update(&context_, bytes.data(), bytes.size());
}

std::string Sha256::hex() const {
    SHA256_CTX copy = context_;
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256_Final(digest.data(), &copy);
    return to_hex(digest.data(), digest.size());
}

std::string Sha256::save() const {
    std::array<unsigned char, sizeof(SHA256_CTX)> raw{};
    std::memcpy(raw.data(), &context_, sizeof(context_));
    return to_hex(raw.data(), raw.size());
}

std::optional<Sha256> Sha256::load(std::string_view text) {
    std::array<unsigned char, sizeof(SHA256_CTX)> raw{};
    if (!from_hex(text, raw.data(), raw.size())) return std::nullopt;
    Sha256 hash;
    std::memcpy(&hash.context_, raw.data(), sizeof(hash.context_));
    // `num` is an index into the block: a damaged file must not make it point elsewhere.
    if (hash.context_.num >= SHA256_CBLOCK || hash.context_.md_len != SHA256_DIGEST_LENGTH) {
        return std::nullopt;
    }
    return hash;
}

std::string sha256_hex(std::string_view bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.hex();
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(),
         key.data(),
         static_cast<int>(key.size()),
         reinterpret_cast<unsigned char const*>(bytes.data()),
         bytes.size(),
         digest.data(),
         &size);
    return to_hex(digest.data(), size);
}

std::string pkce_challenge(std::string_view verifier) {
    return sha256_hex(verifier);
}

std::string sign_webhook(std::string_view client_secret,
                         std::int64_t unix_seconds,
                         std::string_view body) {
    return fmt::format("t={},s={}",
                       unix_seconds,
                       hmac_sha256_hex(client_secret, fmt::format("{}.{}", unix_seconds, body)));
}

}  // namespace postrider::tiktok::emulator
