// A channel does what a model of it does: a deque of values, and two of those
// who wait. Operations by chance, with waiting goroutines started and served in
// between; the model says for each who gets what.

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/chan/shapes_for_test.h"

namespace heddle {
namespace {

constexpr int kClosed = -1;
constexpr int kThrew = -2;
constexpr int kSent = -3;

// Go's channel, told in the plainest way.
class Model {
 public:
  explicit Model(size_t capacity) : capacity_(capacity) {}

  // What has become of those who waited, by their number.
  std::map<int, int> done;

  bool CanSend() const {
    return closed_ || !receivers_.empty() || buffer_.size() < capacity_;
  }
  bool CanRecv() const {
    return closed_ || !senders_.empty() || !buffer_.empty();
  }

  // After CanSend. kSent or kThrew.
  int Send(int v) {
    if (closed_) return kThrew;
    if (!receivers_.empty()) {
      done[receivers_.front()] = v;
      receivers_.pop_front();
    } else {
      buffer_.push_back(v);
    }
    return kSent;
  }

  // After CanRecv. The value, or kClosed.
  int Recv() {
    if (buffer_.empty() && senders_.empty()) return kClosed;
    if (!senders_.empty()) {
      const auto [who, value] = senders_.front();
      senders_.pop_front();
      buffer_.push_back(value);
      done[who] = kSent;
    }
    const int v = buffer_.front();
    buffer_.pop_front();
    return v;
  }

  void WaitToSend(int who, int v) { senders_.emplace_back(who, v); }
  void WaitToRecv(int who) { receivers_.push_back(who); }

  // kSent or kThrew.
  int Close() {
    if (closed_) return kThrew;
    closed_ = true;
    for (int who : receivers_) done[who] = kClosed;
    for (const auto& sender : senders_) done[sender.first] = kThrew;
    receivers_.clear();
    senders_.clear();
    return kSent;
  }

  size_t len() const { return buffer_.size(); }

 private:
  const size_t capacity_;
  bool closed_ = false;
  std::deque<int> buffer_;
  std::deque<std::pair<int, int>> senders_;
  std::deque<int> receivers_;
};

template <typename F>
int ThrewOr(F f) {
  try {
    return f();
  } catch (const ClosedChannel&) {
    return kThrew;
  }
}

int OrClosed(std::optional<int> v) { return v.has_value() ? *v : kClosed; }

// One run of operations. Every second one that waits does so by a select, with
// channels beside on which nothing happens.
void RunOnce(uint64_t seed, size_t capacity, int operations) {
  base::FastRand random(seed);
  const Chan<int> c(capacity);
  const Chan<int> beside;      // nobody sends
  const Chan<int> beside_too;  // nobody receives
  Model model(capacity);
  std::map<int, int> done;
  WaitGroup wg;
  int next = 0;
  for (int i = 0; i < operations; i++) {
    const int me = next++;
    const int v = 1000 + me;
    const uint32_t what = random.Below(i + 1 == operations ? 1 : 40);
    if (what == 0) {
      EXPECT_EQ(ThrewOr([&] {
                  c.Close();
                  return kSent;
                }),
                model.Close());
    } else if (what < 5) {
      EXPECT_EQ(ThrewOr([&] { return c.TrySend(v) ? kSent : 0; }),
                model.CanSend() ? model.Send(v) : 0);
    } else if (what < 10) {
      const int got = model.CanRecv() ? model.Recv() : kClosed;
      EXPECT_EQ(OrClosed(c.TryRecv()), got);
    } else if (what < 25) {
      wg.Go([&done, c, beside, me, v] {
        done[me] = ThrewOr([&] {
          if (me % 2 == 0) {
            c.Send(v);
          } else {
            EXPECT_EQ(Select(RecvFrom(beside), SendTo(c, v)), 1u);
          }
          return kSent;
        });
      });
      if (model.CanSend()) {
        model.done[me] = model.Send(v);
      } else {
        model.WaitToSend(me, v);
      }
    } else {
      wg.Go([&done, c, beside_too, me] {
        if (me % 2 == 0) {
          done[me] = OrClosed(c.Recv());
        } else {
          int got = 0;
          bool ok = false;
          EXPECT_EQ(Select(RecvFrom(c, &got, &ok), SendTo(beside_too, 0)), 0u);
          done[me] = ok ? got : kClosed;
        }
      });
      if (model.CanRecv()) {
        model.done[me] = model.Recv();
      } else {
        model.WaitToRecv(me);
      }
    }
    LetOthersRun();
    ASSERT_EQ(c.len(), model.len()) << "seed " << seed;
    ASSERT_EQ(done, model.done) << "seed " << seed << " operation " << i;
  }
  wg.Wait();
}

TEST(ChanPropertyTest, DoesWhatTheModelDoes) {
  for (size_t capacity : {0, 1, 2, 5}) {
    heddle::Run(Options{.procs = 1, .preempt = false}, [capacity] {
      for (uint64_t seed = 1; seed <= 50; seed++) RunOnce(seed, capacity, 60);
    });
  }
}

}  // namespace
}  // namespace heddle
