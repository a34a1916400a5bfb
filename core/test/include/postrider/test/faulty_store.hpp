// A store that fails where it is told to: at the n-th operation on its tables, once or from then
// on. Whoever runs the same story again and again, with the first operation failing, then the
// second, and so on until a run meets no failure, has seen every failure there is.
#pragma once

#include <postrider/core/store.hpp>

namespace postrider::test {

enum class Failing { once, ever_after };

class FaultyStore final : public core::Store {
 public:
    explicit FaultyStore(core::Store& inner) : inner_(inner) {}

    /// The n-th operation from now on fails, and with it the piece of work that it belongs to,
    /// whatever that made of it. The end of each piece that writes is an operation too.
    void fail_operation(int nth, Failing how = Failing::once);
    /// The n-th write as a whole, from now on, and as many after it as make up `times`.
    void fail_write(int nth, int times = 1) {
        writes_left_ = nth;
        write_failures_left_ = times;
    }
    /// With this code.
    std::string says = "setup.store_unreadable";
    void heal();
    /// True when the failure that was asked for has happened.
    [[nodiscard]] bool struck() const { return struck_; }

    void submit(Work work, Done done) override;
    Result<void> read(Work const& work) override;

    /// One more operation; true when it fails. For the tables that pieces of work are given.
    bool strikes();

 private:
    core::Store& inner_;
    int operations_left_ = 0;
    int writes_left_ = 0;
    int write_failures_left_ = 0;
    Failing how_ = Failing::once;
    bool struck_ = false;
    bool in_this_piece_ = false;
};

}  // namespace postrider::test
