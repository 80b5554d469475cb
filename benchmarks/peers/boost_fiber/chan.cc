// What benchmarks/chan.cc measures, with Boost.Fiber, which has no select.

#include <algorithm>

#include "fibers.h"

namespace peers {
namespace {

using Unbuffered = fibers::unbuffered_channel<int64_t>;
using Buffered = fibers::buffered_channel<int64_t>;

void Receive(Buffered* channel) {
  int64_t v;
  while (channel->pop(v) == fibers::channel_op_status::success) {
  }
}

// One way over an unbuffered channel; there and back are two. Workers share
// fibers: 70 ns with two, and thousands with stealing.
void Hop(int64_t n) {
  Rounds(2 * n, [n] {
    Unbuffered there;
    Unbuffered back;
    WaitGroup done(1);
    Go([&] {
      int64_t v;
      while (there.pop(v) == fibers::channel_op_status::success) back.push(v);
      done.Done();
    });
    int64_t v;
    for (int64_t i = 0; i < n; i++) {
      there.push(i);
      back.pop(v);
    }
    there.close();
    done.Wait();
  });
}

// So many senders, as many receivers, 128 places. Per item.
void BufferedItems(int64_t n, int64_t pairs) {
  Rounds(n * pairs, [n, pairs] {
    Buffered channel(128);
    WaitGroup senders(pairs);
    WaitGroup receivers(pairs);
    for (int64_t p = 0; p < pairs; p++) {
      Go([&, n] {
        for (int64_t i = 0; i < n; i++) channel.push(i);
        senders.Done();
      });
      Go([&] {
        Receive(&channel);
        receivers.Done();
      });
    }
    senders.Wait();
    channel.close();
    receivers.Wait();
  });
}

// Shared: who pushes may still look at a channel when its value was taken.
using Answers = std::shared_ptr<Unbuffered>;

void SkynetNode(const Answers& result, int64_t num, int64_t size) {
  if (size == 1) {
    result->push(num);
    return;
  }
  const auto parts = std::make_shared<Unbuffered>();
  for (int64_t i = 0; i < 10; i++) {
    Go([parts, num, size, i] {
      SkynetNode(parts, num + i * (size / 10), size / 10);
    });
  }
  int64_t sum = 0;
  for (int i = 0; i < 10; i++) sum += parts->value_pop();
  result->push(sum);
}

// A tree of fibers with so many leaves. Per leaf.
void Skynet(int64_t leaves) {
  const auto round = [leaves] {
    const auto result = std::make_shared<Unbuffered>();
    Go([result, leaves] { SkynetNode(result, 0, leaves); });
    result->value_pop();
  };
  round();
  Rounds(leaves, round);
}

int64_t FibNode(int64_t n) {
  if (n < 2) return n;
  const auto a = std::make_shared<Unbuffered>();
  const auto b = std::make_shared<Unbuffered>();
  Go([a, n] { a->push(FibNode(n - 1)); });
  Go([b, n] { b->push(FibNode(n - 2)); });
  return a->value_pop() + b->value_pop();
}

void Fib(int64_t n) {
  FibNode(n);
  Rounds(FibCalls(n), [n] { FibNode(n); });
}

// How long a receiver waits for the CPU whose sender goes on to compute for a
// millisecond. The median.
void BehindSpinningSender(int64_t n) {
  std::vector<int64_t> waits;
  Unbuffered channel;
  WaitGroup done(1);
  Go([&] {
    int64_t sent;
    while (channel.pop(sent) == fibers::channel_op_status::success) {
      waits.push_back(Nanotime() - sent);
    }
    done.Done();
  });
  for (int64_t i = 0; i < n; i++) {
    boost::this_fiber::yield();
    channel.push(Nanotime());
    const int64_t until = Nanotime() + 1'000'000;
    while (Nanotime() < until) {
    }
  }
  channel.close();
  done.Wait();
  std::sort(waits.begin(), waits.end());
  Report("ns", static_cast<double>(waits[waits.size() / 2]));
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) {
  return peers::Main(
      argc, argv,
      {
          {"hop", peers::OnWorkers(peers::Hop, peers::Algorithm::kShared)},
          {"buffered", peers::OnWorkers(peers::BufferedItems)},
          {"skynet", peers::OnWorkers(peers::Skynet)},
          {"fib", peers::OnWorkers(peers::Fib)},
          {"behind_spinning_sender",
           peers::OnWorkers(peers::BehindSpinningSender)},
      });
}
