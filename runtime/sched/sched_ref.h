// SchedRef: a reference to a runtime that may have ended.
//
// A plain thread, or a goroutine of another runtime, that wants to touch a
// runtime visits it. A Visit of one that has ended finds nobody; while a Visit
// of one that lives lasts, its end waits.
//
//   a visitor                            the end of the runtime
//   1. visitors + 1                      1. number + 1: the door is closed
//   2. the number is the reference's:    2. waits until there are no visitors
//      inside; else visitors - 1         3. frees
//
// Number and visitors are one word, so one of the two sees the other. The word
// lies in a Door, and doors are never freed: the next runtime has the door of
// one that ended, under another number.
//
// To hold a reference costs nothing, and nobody gives one back.
// Rejected: a count of references, which each timer would change when it is
// made and when it is gone, on one line for all Ps.

#ifndef RUNTIME_SCHED_SCHED_REF_H_
#define RUNTIME_SCHED_SCHED_REF_H_

#include <atomic>
#include <cstdint>

namespace heddle::sched {

struct M;
struct Sched;

class Door;
template <typename T>
class Kept;

// Null: no runtime, but the plain threads'. A value: copied as one likes.
struct SchedRef {
  Door* door = nullptr;
  uint64_t number = 0;

  bool operator==(const SchedRef&) const = default;
  explicit operator bool() const { return door != nullptr; }
};

// Thread-safe.
class Door {
 public:
  // A closed door, opened for `sched`. CloseDoor takes it back.
  static SchedRef OpenFor(Sched* sched);
  // Waits until nobody visits, when it is closed; it is another runtime's soon.
  static void Close(SchedRef ref);
  // Waits until nobody visits, for a moment at least.
  static void AwaitNobody(SchedRef ref);

 private:
  friend class Visit;
  friend class Kept<Door>;

  static constexpr int kNumberShift = 20;
  static constexpr uint64_t kVisitors = (uint64_t{1} << kNumberShift) - 1;

  // The number above, the visitors below.
  std::atomic<uint64_t> word_{0};
  // Written while the door is closed.
  Sched* sched_ = nullptr;
  Door* next_free = nullptr;
};

class Visit {
 public:
  explicit Visit(SchedRef ref);
  // Of a runtime that cannot have ended yet, as a goroutine of its waits and is
  // the caller's to ready. A fatal error if it has. Nothing at all for mp, the
  // calling M (null if there is none), if it is one of the runtime's own.
  Visit(Sched* alive, const M* mp);
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  // Null: it has ended, or there is none.
  Sched* sched() const { return sched_; }

 private:
  Door* door_ = nullptr;
  Sched* sched_ = nullptr;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SCHED_REF_H_
