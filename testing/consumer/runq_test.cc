// The scheduler's run queue with nodes of our own: no scheduler, no threads.

#include "heddle/runtime/sched/runq.h"

#include <cstdint>

#include "expect.h"

namespace {

struct Task {
  int id = 0;
  Task* schedlink = nullptr;
};

using Runq = heddle::sched::Runq<Task, 4>;

}  // namespace

int main() {
  Task tasks[5];
  for (int i = 0; i < 5; ++i) tasks[i].id = i;
  Runq mine;
  Runq other;
  int overflowed = 0;
  for (Task& task : tasks) {
    mine.Put(&task, /*next=*/false, /*random=*/nullptr,
             [&](Task* const* batch, uint32_t n) {
               for (uint32_t i = 0; i < n; ++i) {
                 EXPECT(batch[i]->id == (i < 2 ? static_cast<int>(i) : 4));
               }
               overflowed += static_cast<int>(n);
             });
  }
  EXPECT(overflowed == 3);  // half of the ring, and the one too many
  EXPECT(mine.size() == 2);

  Task* stolen = other.StealFrom(&mine, /*steal_runnext=*/false, [] {});
  EXPECT(stolen != nullptr && stolen->id == 2);
  EXPECT(mine.Get().gp->id == 3);
  EXPECT(mine.Empty() && other.Empty());
}
