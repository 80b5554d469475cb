#include "heddle/testing/headers/plain.h"

#include <mutex>
#include <utility>

#if defined(__cpp_rtti) || defined(__cpp_exceptions)
#error "compile this with -fno-rtti -fno-exceptions"
#endif

namespace heddle::testing {

int SumOverChan(int n) {
  const Chan<int> numbers(2);
  Go([=] {
    for (int i = 1; i <= n; i++) numbers.Send(i);
    numbers.Close();
  });
  int sum = 0;
  for (const int i : numbers) sum += i;
  return sum;
}

int SumBySelect(int n) {
  const Chan<int> numbers;
  const Chan<std::monostate> done;
  Go([=] {
    for (int i = 1; i <= n; i++) Select(SendTo(numbers, i));
    done.Close();
  });
  int sum = 0;
  int i = 0;
  while (Select(RecvFrom(numbers, &i), RecvFrom(done)) == 0) sum += i;
  return sum;
}

int SumUnderMutex(int n) {
  WaitGroup wait_group;
  Mutex mutex;
  int sum = 0;
  for (int i = 1; i <= n; i++) {
    wait_group.Go([&, i] {
      const std::lock_guard<Mutex> lock(mutex);
      sum += i;
    });
  }
  wait_group.Wait();
  return sum;
}

Context WithNumber(const Context& parent, int n) {
  return WithValue(parent, Number{n});
}

const Number* NumberOf(const Context& context) {
  return context.Value<Number>();
}

absl::Status FailsInAGroup() {
  TaskGroup group;
  group.Go([] { return absl::OkStatus(); });
  group.Go([] { return absl::DataLossError("one"); });
  return group.Wait();
}

void SendsOnAClosedChannel() {
  const Chan<int> numbers;
  numbers.Close();
  numbers.Send(1);
}

void SendsOnAClosedChannelInAGroup() {
  TaskGroup group;
  group.Go(SendsOnAClosedChannel);
  static_cast<void>(group.Wait());
}

}  // namespace heddle::testing
