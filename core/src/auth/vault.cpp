// The key file and what is sealed under it. Whose tokens these are is not known here.
#include "sodium.hpp"

#include <postrider/core/vault.hpp>

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace postrider::core {

namespace {

constexpr std::size_t key_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t key_digits = key_bytes * 2;
constexpr int base64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
// Names the form of what follows, so that a later one can be told apart.
constexpr std::string_view form = "v1.";

std::string system_message(int number) {
    return std::system_category().message(number);
}

unsigned char const* bytes_of(std::string_view text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}

class Descriptor {
 public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    [[nodiscard]] int get() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }

 private:
    int number_;
};

bool write_all(int file, char const* bytes, std::size_t count) {
    while (count > 0) {
        auto const written = ::write(file, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        count -= static_cast<std::size_t>(written);
    }
    return true;
}

// A new name in a folder survives a power cut only once the folder itself was written.
bool sync_folder(std::filesystem::path const& file) {
    auto const folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
    Descriptor const descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return descriptor && ::fsync(descriptor.get()) == 0;
}

Error cannot_create(std::filesystem::path const& file, int number) {
    return make_error(
        number == ENOSPC || number == EDQUOT ? "setup.disk_full" : "setup.vault_key_missing",
        fmt::format("The vault's key file {} cannot be written: {}.",
                    file.string(),
                    system_message(number)));
}

// Why a file must not be used as a key, or nothing.
std::optional<std::string> distrust(struct ::stat const& facts) {
    if (!S_ISREG(facts.st_mode)) return "is not a plain file";
    if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fmt::format("may be used by other users of this machine (its mode is {:04o})",
                           facts.st_mode & 07777U);
    if (facts.st_uid != ::geteuid() && facts.st_uid != 0) return "belongs to another user";
    return std::nullopt;
}

}  // namespace

void Vault::FreeKey::operator()(unsigned char* key) const noexcept {
    ::sodium_free(key);  // wipes it
}

Vault::Vault(Key key) : key_(std::move(key)) {}
Vault::Vault(Vault&&) noexcept = default;
Vault& Vault::operator=(Vault&&) noexcept = default;
Vault::~Vault() = default;

Result<Vault> Vault::create(std::filesystem::path const& key_file) {
    start_sodium();
    {
        Descriptor const file(
            ::open(key_file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file && errno == EEXIST)
            return make_error(
                "setup.already_initialised",
                fmt::format("There is a key file at {} already; it was left as it is.",
                            key_file.string()));
        if (!file) return cannot_create(key_file, errno);

        std::array<unsigned char, key_bytes> key{};
        std::array<char, key_digits + 1> digits{};
        ::randombytes_buf(key.data(), key.size());
        ::sodium_bin2hex(digits.data(), digits.size(), key.data(), key.size());
        digits.back() = '\n';
        // The mode is set again, because the process's umask may have narrowed it to something
        // unreadable.
        bool const written = ::fchmod(file.get(), 0600) == 0 &&
                             write_all(file.get(), digits.data(), digits.size()) &&
                             ::fsync(file.get()) == 0 && sync_folder(key_file);
        auto const number = errno;
        ::sodium_memzero(key.data(), key.size());
        ::sodium_memzero(digits.data(), digits.size());
        if (!written) {
            ::unlink(key_file.c_str());
            return cannot_create(key_file, number);
        }
    }
    return open(key_file);
}

Result<Vault> Vault::open(std::filesystem::path const& key_file) {
    start_sodium();
    Descriptor const file(::open(key_file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file && errno != EACCES)
        return make_error("setup.vault_key_missing",
                          fmt::format("The vault's key file {} cannot be opened: {}.",
                                      key_file.string(),
                                      system_message(errno)));
    if (!file)
        return make_error("setup.vault_key_permissions",
                          fmt::format("The vault's key file {} may not be read by this user.",
                                      key_file.string()));
    struct ::stat facts {};
    if (::fstat(file.get(), &facts) != 0)
        return make_error("setup.vault_key_missing",
                          fmt::format("The vault's key file {} cannot be read: {}.",
                                      key_file.string(),
                                      system_message(errno)));
    if (auto const why = distrust(facts))
        return make_error(
            "setup.vault_key_permissions",
            fmt::format("The vault's key file {} {}; run `chmod 600 {}` as its owner.",
                        key_file.string(),
                        *why,
                        key_file.string()));

    // One character more than a key and its line end, to see whether there is more.
    std::array<char, key_digits + 2> digits{};
    std::size_t count = 0;
    while (count < digits.size()) {
        auto const got = ::read(file.get(), digits.data() + count, digits.size() - count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        count += static_cast<std::size_t>(got);
    }
    if (count == key_digits + 1 && digits[key_digits] == '\n') --count;

    Key key(static_cast<unsigned char*>(::sodium_malloc(key_bytes)));
    if (!key) throw std::bad_alloc();
    std::size_t decoded = 0;
    bool const good =
        count == key_digits &&
        ::sodium_hex2bin(key.get(), key_bytes, digits.data(), count, nullptr, &decoded, nullptr) ==
            0;
    ::sodium_memzero(digits.data(), digits.size());
    if (!good || decoded != key_bytes)
        return make_error(
            "setup.vault_key_wrong",
            fmt::format("The file {} does not hold a vault key: {} hex digits are expected.",
                        key_file.string(),
                        key_digits));
    ::sodium_mprotect_readonly(key.get());
    return Vault(std::move(key));
}

std::string Vault::seal(std::string_view plain, std::string_view context) const {
    // nonce, then the text with its tag
    std::vector<unsigned char> box(nonce_bytes + plain.size() + tag_bytes);
    ::randombytes_buf(box.data(), nonce_bytes);
    ::crypto_aead_xchacha20poly1305_ietf_encrypt(box.data() + nonce_bytes,
                                                 nullptr,
                                                 bytes_of(plain),
                                                 plain.size(),
                                                 bytes_of(context),
                                                 context.size(),
                                                 nullptr,
                                                 box.data(),
                                                 key_.get());
    std::string text(sodium_base64_encoded_len(box.size(), base64), '\0');
    ::sodium_bin2base64(text.data(), text.size(), box.data(), box.size(), base64);
    text.pop_back();  // its terminating zero
    return std::string{form} + text;
}

Result<Secret> Vault::open_sealed(std::string_view sealed, std::string_view context) const {
    auto const unopened = [] { return make_error("setup.vault_key_wrong"); };
    if (sealed.substr(0, form.size()) != form) return unopened();
    sealed.remove_prefix(form.size());
    if (sealed.empty()) return unopened();

    std::vector<unsigned char> box(sealed.size());
    std::size_t count = 0;
    if (::sodium_base642bin(box.data(),
                            box.size(),
                            sealed.data(),
                            sealed.size(),
                            nullptr,
                            &count,
                            nullptr,
                            base64) != 0)
        return unopened();
    if (count < nonce_bytes + tag_bytes) return unopened();
    std::string plain(count - nonce_bytes - tag_bytes, '\0');
    int const opened =
        ::crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(plain.data()),
                                                     nullptr,
                                                     nullptr,
                                                     box.data() + nonce_bytes,
                                                     count - nonce_bytes,
                                                     bytes_of(context),
                                                     context.size(),
                                                     box.data(),
                                                     key_.get());
    if (opened != 0) return unopened();
    return Secret(std::move(plain));
}

}  // namespace postrider::core
