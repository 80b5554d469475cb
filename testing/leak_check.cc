#include "heddle/testing/leak_check.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/debug/collect.h"
#include "heddle/runtime/go.h"

namespace heddle::testing {
namespace {

bool Parked(const debug::Record& record) {
  return record.status == sched::GStatus::kWaiting;
}

}  // namespace

LeakCheck::LeakCheck(absl::Duration patience) : patience_(patience) {
  if (GoId() == 0) {
    checked_ = true;
    ADD_FAILURE() << "heddle::testing::LeakCheck outside a goroutine";
    return;
  }
  for (const debug::Record& record : Collect(debug::Depth::kStates)) {
    before_.insert(record.goid);
  }
}

LeakCheck::~LeakCheck() {
  if (checked_) return;
  const std::vector<debug::GoroutineInfo> leaked = Leaked();
  if (leaked.empty()) return;
  std::string text;
  for (const debug::GoroutineInfo& info : leaked) {
    absl::StrAppend(&text, "\n", info.stack);
  }
  ADD_FAILURE() << "goroutines are left: " << leaked.size() << "\n" << text;
}

std::vector<debug::GoroutineInfo> LeakCheck::Leaked() {
  checked_ = true;
  const absl::Time end = absl::Now() + patience_;
  for (bool moving = true; moving;) {
    moving = false;
    bool any = false;
    for (const debug::Record& record : Collect(debug::Depth::kStates)) {
      if (record.is_system || record.goid == GoId()) continue;
      // One from before may be about to wake one of the scope's.
      moving = moving || !Parked(record);
      any = any || before_.count(record.goid) == 0;
    }
    if (!any) return {};
    if (absl::Now() > end) break;
    if (moving) Yield();
  }
  std::vector<debug::GoroutineInfo> leaked;
  for (debug::GoroutineInfo& info : debug::AllGoroutines()) {
    if (!info.system && info.goid != GoId() && before_.count(info.goid) == 0) {
      leaked.push_back(std::move(info));
    }
  }
  return leaked;
}

}  // namespace heddle::testing
