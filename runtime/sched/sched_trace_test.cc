#include "heddle/runtime/sched/sched_trace.h"

#include <atomic>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/os/note.h"
#include "heddle/runtime/sched/locked_m.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/sched_for_test.h"
#include "heddle/runtime/sched/syscall.h"

namespace heddle::sched {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

// One P, which no one takes from who computes, or waits for a thread.
Options OneP() { return {.procs = 1, .preempt = false}; }

// The lines, without their newlines.
std::vector<std::string> Lines(Sched* sched, bool detailed) {
  std::string text = SchedTrace(sched, detailed, sched->start_ns + 1'999'999);
  EXPECT_EQ(text.back(), '\n');
  text.pop_back();
  return absl::StrSplit(text, '\n');
}

std::vector<std::string> Having(const std::vector<std::string>& lines,
                                const std::string& start) {
  std::vector<std::string> out;
  for (const std::string& line : lines) {
    if (absl::StartsWith(line, start)) out.push_back(line);
  }
  return out;
}

TEST(SchedTraceTest, OneLine) {
  SchedForTest s({.procs = 3});
  EXPECT_EQ(SchedTrace(s.get(), false, s->start_ns + 1'999'999),
            "SCHED 1ms: gomaxprocs=3 idleprocs=3 threads=0 spinningthreads=0 "
            "needspinning=0 idlethreads=0 runqueue=0 [0 0 0]\n");
}

TEST(SchedTraceTest, Queues) {
  SchedForTest s(OneP());
  s.Run([&] {
    // Two in the ring, one in runnext, which is not counted.
    for (int i = 0; i < 3; i++) GoOn([] {});
    EXPECT_THAT(SchedTrace(s.get(), false, s->start_ns),
                MatchesRegex("SCHED 0ms: gomaxprocs=1 idleprocs=0 threads=2 "
                             "spinningthreads=0 needspinning=[01] "
                             "idlethreads=0 runqueue=0 \\[2\\]\n"));
    // One thread that is not ours: to the global queue.
    std::thread([&] { NewProc(s.get(), MakeFuncVal([] {}), {}, 0); }).join();
    EXPECT_THAT(SchedTrace(s.get(), false, s->start_ns),
                ContainsRegex("runqueue=1 \\[2\\]\n"));
  });
}

TEST(SchedTraceTest, DetailOfARuntimeAtRest) {
  SchedForTest s({.procs = 2});
  s->needspinning.store(1);
  EXPECT_EQ(
      SchedTrace(s.get(), true, s->start_ns + 5'000'000),
      "SCHED 5ms: gomaxprocs=2 idleprocs=2 threads=0 spinningthreads=0 "
      "needspinning=1 idlethreads=0 runqueue=0 gcwaiting=false nmidlelocked=0 "
      "stopwait=0 sysmonwait=false\n"
      "  P0: status=0 schedtick=0 syscalltick=0 m=nil runqsize=0 gfreecnt=0 "
      "timerslen=0\n"
      "  P1: status=0 schedtick=0 syscalltick=0 m=nil runqsize=0 gfreecnt=0 "
      "timerslen=0\n" +
          absl::StrFormat(
              "  M0: p=nil curg=nil mallocing=0 throwing=0 preemptoff= "
              "locks=%d dying=0 spinning=false blocked=false lockedg=nil\n",
              s->m0->gate.locks()));
}

// A parked goroutine, one in a blocking call, one that is queued, a dead one
// and the one that asks.
TEST(SchedTraceTest, DetailOfEachState) {
  SchedForTest s(OneP());
  // They outlive main.
  G* parked = nullptr;
  std::atomic<bool> blocked{false};
  os::Note unblock;
  s.Run([&] {
    GoOn([] {});
    GoOn([&] {
      const InRuntime in;
      Gopark(
          [](G* gp, void* p) {
            *static_cast<G**>(p) = gp;
            return true;
          },
          &parked, WaitReason::kMutexLock);
    });
    GoOn([&] {
      EnterSyscall();
      blocked.store(true);
      unblock.Sleep();
      ExitSyscall();
    });
    GoschedUntil([&] {
      return parked != nullptr && blocked.load() &&
             ReadGStatus(parked) == GStatus::kWaiting;
    });
    // For which the dead one is taken.
    GoOnWithStack();
    const std::vector<std::string> lines = Lines(s.get(), true);
    EXPECT_THAT(lines[0],
                ContainsRegex(" runqueue=0 gcwaiting=false nmidlelocked=0 "
                              "stopwait=0 sysmonwait=[a-z]+$"));
    EXPECT_THAT(Having(lines, "  P"),
                testing::ElementsAre(MatchesRegex(
                    "  P0: status=1 schedtick=[0-9]+ syscalltick=1 m=[0-9]+ "
                    "runqsize=0 gfreecnt=[0-9]+ timerslen=0")));
    // M0 was the one that made the call, and has no P.
    const std::vector<std::string> ms = Having(lines, "  M");
    const char* kM =
        "  M[0-9]+: p=%s curg=%s mallocing=0 throwing=0 preemptoff= "
        "locks=[0-9]+ dying=0 spinning=(true|false) blocked=%s lockedg=nil";
    EXPECT_THAT(ms, Contains(ContainsRegex("p=0 curg=1 .* blocked=false")));
    EXPECT_THAT(ms, Contains(ContainsRegex("p=nil curg=4 .* blocked=false")));
    for (const std::string& m : ms) {
      EXPECT_THAT(m,
                  MatchesRegex(absl::StrReplaceAll(kM, {{"%s", "[a-z0-9]+"}})));
    }
    // 1: main; 2: dead, and reborn as 5, queued; 3: parked; 4: in the call.
    const std::vector<std::string> gs = Having(lines, "  G");
    EXPECT_THAT(
        gs,
        Contains(MatchesRegex("  G1: status=2\\(\\) m=[0-9]+ lockedm=nil")));
    EXPECT_THAT(gs, Contains("  G3: status=4(sync.Mutex.Lock) m=nil "
                             "lockedm=nil"));
    EXPECT_THAT(
        gs,
        Contains(MatchesRegex("  G4: status=3\\(\\) m=[0-9]+ lockedm=nil")));
    EXPECT_THAT(gs, Contains("  G5: status=1() m=nil lockedm=nil"));
    EXPECT_EQ(gs.size(), 4u);
    Goready(parked);
    unblock.Wakeup();
  });
  // All are dead now, and the idle Ms say so.
  const std::vector<std::string> lines = Lines(s.get(), true);
  for (const std::string& g : Having(lines, "  G")) {
    EXPECT_THAT(g, MatchesRegex("  G[0-9]+: status=6\\(\\) m=nil lockedm=nil"));
  }
  EXPECT_THAT(lines, Not(Contains(ContainsRegex("curg=[0-9]"))));
}

TEST(SchedTraceTest, LockedThreads) {
  SchedForTest s(OneP());
  s.Run([&] {
    LockOsThread();
    const std::string trace = SchedTrace(s.get(), true, 0);
    EXPECT_THAT(trace, ContainsRegex("\n  M0: p=0 curg=1 .* lockedg=1\n"));
    EXPECT_THAT(trace, ContainsRegex("\n  G1: status=2.* m=0 lockedm=0\n"));
    // While it is not its turn, its thread waits for it.
    std::atomic<bool> looked{false};
    GoOn([&] {
      EXPECT_THAT(SchedTrace(s.get(), true, 0),
                  ContainsRegex(" nmidlelocked=[01] .*lockedg=1\n"));
      looked.store(true);
    });
    GoschedUntil([&] { return looked.load(); });
    UnlockOsThread();
    EXPECT_THAT(SchedTrace(s.get(), true, 0),
                Not(ContainsRegex("locked[gm]=[0-9]")));
  });
}

TEST(SchedTraceTest, IdleThreadsAreBlocked) {
  SchedForTest s({.procs = 2});
  s.Run([&] {
    std::atomic<bool> ran{false};
    GoOn([&] { ran.store(true); });
    while (!ran.load()) std::this_thread::yield();  // another M runs it
    std::string trace;
    do {
      trace = SchedTrace(s.get(), true, 0);
    } while (trace.find("blocked=true") == std::string::npos);
    EXPECT_THAT(trace, ContainsRegex("idlethreads=[1-9]"));
    EXPECT_THAT(trace, ContainsRegex("p=nil curg=nil .* blocked=true"));
  });
}

TEST(SchedTraceTest, PrintsToStandardError) {
  SchedForTest s(OneP());
  testing::internal::CaptureStderr();
  PrintSchedTrace(s.get(), false);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              MatchesRegex("SCHED [0-9]+ms: gomaxprocs=1 .*\\[0\\]\n"));
}

// For ThreadSanitizer: a thread that looks while goroutines come and go.
TEST(SchedTraceTest, LooksWhileItRuns) {
  SchedForTest s({.procs = 4});
  std::atomic<bool> done{false};
  std::atomic<int> looks{0};
  std::thread looker([&] {
    while (!done.load()) {
      EXPECT_THAT(SchedTrace(s.get(), true, 0), StartsWith("SCHED "));
      looks.fetch_add(1);
    }
  });
  s.Run([&] {
    while (looks.load() < 20) {
      LatchForTest all(50);
      for (int i = 0; i < 50; i++) {
        GoOn([&] {
          Gosched();
          all.Arrive();
        });
      }
      all.Wait();
    }
  });
  done.store(true);
  looker.join();
}

}  // namespace
}  // namespace heddle::sched
