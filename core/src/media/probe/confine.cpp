// Limits by the kernel: resource limits, process flags, a filter of system calls, timers.
#include "confine.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define POSTRIDER_PROBE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POSTRIDER_PROBE_SANITIZED 1
#endif
#endif

namespace postrider::probe {
namespace {

void limit(__rlimit_resource what, rlim_t soft) {
    rlimit now{};
    if (::getrlimit(what, &now) != 0) return;
    rlim_t const most = now.rlim_max == RLIM_INFINITY ? soft : std::min(soft, now.rlim_max);
    rlimit const wanted{most, most};
    ::setrlimit(what, &wanted);
}

/// Nothing need be written to files, unless standard output is one (a person redirected it).
void limit_written_files() {
    constexpr rlim_t when_redirected = 64 * 1024 * 1024;
    struct stat facts {};
    bool const to_file = ::fstat(STDOUT_FILENO, &facts) == 0 && S_ISREG(facts.st_mode);
    limit(RLIMIT_FSIZE, to_file ? when_redirected : 0);
}

#if defined(__x86_64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t this_machine = 0;
#endif

/// Calls that a reader of one file never makes. A list of what is refused, not of what is allowed:
/// the libraries below may change what they call, and a refusal is an error code that they can live
/// with.
constexpr long refused_calls[] = {
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kill,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_truncate,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_setxattr,
    SYS_fsetxattr,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_io_uring_setup,
    SYS_open_by_handle_at,
    SYS_memfd_create,
    SYS_openat2,
#ifdef SYS_open  // the older names, which newer machines do not have
    SYS_creat,
    SYS_fork,
    SYS_vfork,
    SYS_unlink,
    SYS_rename,
    SYS_renameat,
    SYS_mkdir,
    SYS_rmdir,
    SYS_mknod,
    SYS_link,
    SYS_symlink,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
#endif
};

/// Refusal of the calls above and of every open that could write. Where the kernel has no filters,
/// nothing happens.
void refuse_calls() {
    if (this_machine == 0) return;
    std::vector<sock_filter> program;
    auto const load = [&](std::size_t at) {
        program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(at)));
    };
    auto const answer = [&](std::uint32_t what) {
        program.push_back(BPF_STMT(BPF_RET | BPF_K, what));
    };
    auto const unless_equal_skip = [&](std::uint32_t value, std::uint8_t count) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
    };
    constexpr std::uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;

    load(offsetof(seccomp_data, arch));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, this_machine, 1, 0));
    answer(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    // The second numbering of the same calls (x32).
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1));
    answer(refuse);
#endif
    for (long const call : refused_calls) {
        unless_equal_skip(static_cast<std::uint32_t>(call), 1);
        answer(refuse);
    }
    auto const refuse_writing_open = [&](long call, std::size_t flags_argument) {
        unless_equal_skip(static_cast<std::uint32_t>(call), 4);
        load(offsetof(seccomp_data, args) + flags_argument * sizeof(std::uint64_t));
        constexpr std::uint32_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, writing, 0, 1));
        answer(refuse);
        answer(SECCOMP_RET_ALLOW);
    };
    refuse_writing_open(SYS_openat, 2);
#ifdef SYS_open
    refuse_writing_open(SYS_open, 1);
#endif
    answer(SECCOMP_RET_ALLOW);
    sock_fprog const filter{static_cast<unsigned short>(program.size()), program.data()};
    ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

// Written by Alarm before the timer is set, read by the signal handler; nothing else touches them.
std::array<char, 64 * 1024> last_words_buffer;
std::size_t last_words_size = 0;

extern "C" void say_last_words(int) {
    std::size_t done = 0;
    while (done < last_words_size) {
        ssize_t const count =
            ::write(STDOUT_FILENO, last_words_buffer.data() + done, last_words_size - done);
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    ::_exit(3);
}

void set_timer(std::chrono::seconds time) {
    itimerval const timer{{0, 0}, {time.count(), 0}};
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

/// The processor limit counts from the start of the process, so each file gets what was used so far
/// and its own share.
void set_processor_limit(std::chrono::seconds share) {
    rlimit now{};
    if (::getrlimit(RLIMIT_CPU, &now) != 0) return;
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    auto const total = used.ru_utime.tv_sec + used.ru_stime.tv_sec + 2 + share.count();
    now.rlim_cur = std::min(static_cast<rlim_t>(total), now.rlim_max);
    ::setrlimit(RLIMIT_CPU, &now);
}

}  // namespace

void confine(std::uint64_t memory_mib) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, 16);
    limit_written_files();
#ifdef POSTRIDER_PROBE_SANITIZED
    (void)memory_mib;  // a sanitizer reserves terabytes of addresses and starts a tracer of its own
    (void)&refuse_calls;
#else
    limit(RLIMIT_AS, memory_mib * 1024 * 1024);
    refuse_calls();
#endif
    for (int const signal : {SIGALRM, SIGXCPU}) {
        struct sigaction action {};
        action.sa_handler = &say_last_words;
        ::sigaction(signal, &action, nullptr);
    }
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
}

Alarm::Alarm(std::chrono::seconds time, std::string_view last_words) {
    last_words_size = last_words.size() <= last_words_buffer.size() ? last_words.size() : 0;
    std::memcpy(last_words_buffer.data(), last_words.data(), last_words_size);
    set_processor_limit(time);
    set_timer(time);
}

Alarm::~Alarm() {
    set_timer(std::chrono::seconds(0));
}

bool write_out(std::string_view text) {
    while (!text.empty()) {
        ssize_t const count = ::write(STDOUT_FILENO, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace postrider::probe
