// What is a thread's in C++ and a goroutine's own here: errno, the exceptions
// that are caught or in flight, the floating-point control words. With
// Options::migrate_always each switch changes the thread, and with several
// goroutines each thread has run another one meanwhile.
//
// Which line each test guards: when it is taken out, these fail.
//   sched/switch.cc
//     gp->saved_errno = …, *mp->errno_address = …  Errno…
//     *mp->eh = EhGlobals()                        Caught…, …StartAtNone
//     *Getm()->eh = mine                           Caught…, Nested…, Rethrow…
//     the latter, of uncaught_exceptions only      Unwinding…
//   sched/proc.cc: eh_, both ways                  TheThreadsOwn…
//   sched/newproc.cc: newg->saved_errno = 0        ErrnoStartsAtZero
//   stack/stack_pool.cc: errno = saved_errno       Errno…
//   arch/gobuf_x86_64.S: ldmxcsr, stmxcsr          Mxcsr…, FloatingPoint…
//     fldcw, fnstcw                                X87…, FloatingPoint…

#include <cerrno>
#include <cfenv>
#include <cstdint>
#include <exception>
#include <ostream>
#include <stdexcept>
#include <string>

#include "absl/base/attributes.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/newosproc.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace heddle {
namespace {

// Through functions: a compiler may keep errno's address over a switch.
ABSL_ATTRIBUTE_NOINLINE void SetErrno(int e) { errno = e; }
ABSL_ATTRIBUTE_NOINLINE int GetErrno() { return errno; }

enum class Switch { kYield, kPark };

struct Shape {
  const char* name;
  int procs;
  Switch by;
};
// For gtest, which else prints its bytes.
void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

class OwnStateTest : public testing::TestWithParam<Shape> {
 protected:
  static constexpr int kGoroutines = 8;
  static constexpr int kRounds = 10;

  // Runs body(i, change) in kGoroutines goroutines; change() switches to
  // another goroutine and comes back on another thread.
  template <typename Body>
  void InMany(Body body) {
    const Shape& shape = GetParam();
    heddle::Run(Options{.procs = shape.procs, .migrate_always = true}, [&] {
      const auto change = [by = shape.by] {
        const pid_t thread = os::GetTid();
        // With several Ps, what is waited for may be over already.
        do {
          if (by == Switch::kYield) {
            Yield();
          } else {
            Park();
          }
        } while (os::GetTid() == thread);
      };
      WaitGroup all;
      for (int i = 0; i < kGoroutines; i++) {
        all.Go([&body, &change, i] { body(i, change); });
      }
      all.Wait();
    });
  }

 private:
  // Waits for a goroutine that leaves its thread as unlike as it can be.
  static void Park() {
    WaitGroup child;
    child.Go([] {
      SetErrno(EILSEQ);
      std::fesetround(FE_UPWARD);
      try {
        throw std::runtime_error("of a goroutine that ends");
      } catch (const std::runtime_error&) {
        Yield();
        Goexit();
      }
    });
    child.Wait();
  }
};

INSTANTIATE_TEST_SUITE_P(All, OwnStateTest,
                         testing::Values(Shape{"OnePYields", 1, Switch::kYield},
                                         Shape{"TwoPsYield", 2, Switch::kYield},
                                         Shape{"OnePParks", 1, Switch::kPark},
                                         Shape{"TwoPsPark", 2, Switch::kPark}),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

// ---- errno ----

TEST_P(OwnStateTest, ErrnoStays) {
  InMany([](int i, auto change) {
    for (int round = 1; round <= kRounds; round++) {
      SetErrno(100 * i + round);
      change();
      EXPECT_EQ(GetErrno(), 100 * i + round);
    }
  });
}

TEST_P(OwnStateTest, ErrnoOfBlockingStays) {
  InMany([](int i, auto change) {
    for (int round = 1; round <= kRounds; round++) {
      Blocking([&] { SetErrno(100 * i + round); });
      EXPECT_EQ(GetErrno(), 100 * i + round);
      change();
      EXPECT_EQ(GetErrno(), 100 * i + round);
    }
  });
}

TEST_P(OwnStateTest, ErrnoStartsAtZero) {
  InMany([](int /*i*/, auto change) {
    SetErrno(EBADF);
    WaitGroup child;
    child.Go([] {
      EXPECT_EQ(GetErrno(), 0);
      SetErrno(EPIPE);
    });
    child.Wait();
    EXPECT_EQ(GetErrno(), EBADF);
    change();
    EXPECT_EQ(GetErrno(), EBADF);
  });
}

// ---- Exceptions ----

std::string Text(const char* what, int i) {
  return std::string(what) + " of " + std::to_string(i);
}

// The text of the exception being handled; "none" if none is.
ABSL_ATTRIBUTE_NOINLINE std::string Handled() {
  const std::exception_ptr current = std::current_exception();
  if (current == nullptr) return "none";
  try {
    std::rethrow_exception(current);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "another";
  }
}

ABSL_ATTRIBUTE_NOINLINE void Rethrow() { throw; }

TEST_P(OwnStateTest, CaughtExceptionsStay) {
  InMany([](int i, auto change) {
    for (int round = 0; round < kRounds; round++) {
      EXPECT_EQ(Handled(), "none");
      try {
        throw std::runtime_error(Text("the error", i));
      } catch (const std::runtime_error& e) {
        change();
        EXPECT_EQ(Handled(), Text("the error", i));
        EXPECT_EQ(e.what(), Text("the error", i));
      }
      EXPECT_EQ(Handled(), "none");
      change();
      EXPECT_EQ(Handled(), "none");
    }
  });
}

// The blocks begin and end in another order than they are nested in: each
// thread's list of caught exceptions would be torn.
TEST_P(OwnStateTest, CaughtExceptionsOfManyInterleave) {
  InMany([](int i, auto change) {
    for (int round = 0; round < kRounds; round++) {
      for (int before = 0; before < i % 3; before++) change();
      try {
        throw std::runtime_error(Text("the error", i));
      } catch (...) {
        for (int inside = 0; inside < 1 + (i + round) % 4; inside++) {
          change();
          EXPECT_EQ(Handled(), Text("the error", i));
        }
      }
      EXPECT_EQ(Handled(), "none");
    }
  });
}

TEST_P(OwnStateTest, NestedCatchesStay) {
  InMany([](int i, auto change) {
    try {
      throw std::runtime_error(Text("outer", i));
    } catch (const std::runtime_error&) {
      change();
      try {
        change();
        throw std::logic_error(Text("middle", i));
      } catch (const std::logic_error&) {
        change();
        try {
          throw i;
        } catch (int mine) {
          change();
          EXPECT_EQ(mine, i);
          EXPECT_EQ(Handled(), "another");
        }
        change();
        EXPECT_EQ(Handled(), Text("middle", i));
      }
      change();
      EXPECT_EQ(Handled(), Text("outer", i));
    }
    EXPECT_EQ(Handled(), "none");
  });
}

TEST_P(OwnStateTest, RethrowAfterASwitch) {
  InMany([](int i, auto change) {
    for (int round = 0; round < kRounds; round++) {
      try {
        try {
          throw std::runtime_error(Text("the error", i));
        } catch (const std::logic_error&) {
          ADD_FAILURE();
        } catch (...) {
          change();
          try {
            throw std::logic_error("caught meanwhile");
          } catch (const std::logic_error&) {
            change();
          }
          Rethrow();
        }
        ADD_FAILURE();
      } catch (const std::runtime_error& e) {
        change();
        EXPECT_EQ(e.what(), Text("the error", i));
      }
      EXPECT_EQ(Handled(), "none");
    }
  });
}

// A nested exception, thrown while another one is handled and on another
// thread, takes the handler away: both are released.
TEST_P(OwnStateTest, RethrowOutOfANestedCatch) {
  struct Counted {
    explicit Counted(int* count) : count(count) { ++*count; }
    Counted(const Counted& other) : count(other.count) { ++*count; }
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*count; }
    int* count;
  };
  InMany([](int /*i*/, auto change) {
    int alive = 0;
    try {
      try {
        throw Counted(&alive);
      } catch (const Counted&) {
        change();
        try {
          throw Counted(&alive);
        } catch (const Counted&) {
          change();
          EXPECT_EQ(alive, 2);
          throw;
        }
      }
    } catch (const Counted&) {
      EXPECT_EQ(alive, 1);
      change();
      EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
  });
}

// Switches, when it is destroyed by unwinding, with `depth` exceptions in
// flight above it.
template <typename Change>
class ChangesWhenDestroyed {
 public:
  ChangesWhenDestroyed(int in_flight, const Change& change)
      : in_flight_(in_flight), change_(change) {}
  ChangesWhenDestroyed(const ChangesWhenDestroyed&) = delete;
  ChangesWhenDestroyed& operator=(const ChangesWhenDestroyed&) = delete;
  ~ChangesWhenDestroyed() {
    EXPECT_EQ(std::uncaught_exceptions(), in_flight_);
    change_();
    EXPECT_EQ(std::uncaught_exceptions(), in_flight_);
    if (in_flight_ == 3) return;
    try {
      const ChangesWhenDestroyed inner(in_flight_ + 1, change_);
      throw in_flight_;
    } catch (int n) {
      EXPECT_EQ(n, in_flight_);
      change_();
    }
    EXPECT_EQ(std::uncaught_exceptions(), in_flight_);
  }

 private:
  const int in_flight_;
  const Change& change_;
};

TEST_P(OwnStateTest, UnwindingThatSwitches) {
  InMany([](int i, auto change) {
    for (int before = 0; before < i % 3; before++) change();
    EXPECT_EQ(std::uncaught_exceptions(), 0);
    try {
      const ChangesWhenDestroyed outermost(1, change);
      throw std::runtime_error(Text("the error", i));
    } catch (const std::runtime_error& e) {
      EXPECT_EQ(std::uncaught_exceptions(), 0);
      EXPECT_EQ(e.what(), Text("the error", i));
    }
    change();
    EXPECT_EQ(std::uncaught_exceptions(), 0);
  });
}

TEST_P(OwnStateTest, ExceptionsStartAtNone) {
  InMany([](int i, auto change) {
    const auto check = [] {
      EXPECT_EQ(Handled(), "none");
      EXPECT_EQ(std::uncaught_exceptions(), 0);
    };
    struct StartsOne {
      decltype(check)& in_child;
      ~StartsOne() {
        WaitGroup child;
        child.Go(in_child);
        child.Wait();
        EXPECT_EQ(std::uncaught_exceptions(), 1);
      }
    };
    try {
      const StartsOne on_the_way{check};
      throw std::runtime_error(Text("the error", i));
    } catch (const std::runtime_error&) {
      WaitGroup child;
      child.Go(check);
      child.Wait();
      change();
      EXPECT_EQ(Handled(), Text("the error", i));
    }
  });
}

// One goroutine's exception, rethrown and handled by another one while the
// first still handles it.
TEST_P(OwnStateTest, ExceptionPtrGoesToAnotherGoroutine) {
  InMany([](int i, auto change) {
    std::exception_ptr kept;
    try {
      throw std::runtime_error(Text("the error", i));
    } catch (...) {
      kept = std::current_exception();
      change();
      WaitGroup child;
      child.Go([given = kept, i] {
        try {
          std::rethrow_exception(given);
        } catch (const std::runtime_error& e) {
          Yield();
          EXPECT_EQ(e.what(), Text("the error", i));
          EXPECT_EQ(std::current_exception(), given);
        }
        EXPECT_EQ(Handled(), "none");
      });
      change();
      EXPECT_EQ(std::current_exception(), kept);
      child.Wait();
      EXPECT_EQ(Handled(), Text("the error", i));
    }
    change();
    try {
      std::rethrow_exception(kept);
    } catch (const std::runtime_error& e) {
      EXPECT_EQ(e.what(), Text("the error", i));
    }
    EXPECT_EQ(Handled(), "none");
  });
}

// Goexit's forced unwinding leaves catch blocks and may switch on its way; who
// runs on the thread next has none of it.
TEST_P(OwnStateTest, GoexitOutOfACatch) {
  InMany([](int i, auto change) {
    WaitGroup child;
    child.Go([&] {
      struct Yields {
        ~Yields() { Yield(); }
      };
      const Yields on_the_way;
      try {
        throw std::runtime_error("of a goroutine that ends");
      } catch (const std::runtime_error&) {
        const Yields in_the_handler;
        Yield();
        Goexit();
      }
    });
    try {
      throw std::runtime_error(Text("the error", i));
    } catch (const std::runtime_error&) {
      child.Wait();
      change();
      EXPECT_EQ(Handled(), Text("the error", i));
    }
    EXPECT_EQ(Handled(), "none");
  });
}

// m0's own exceptions are there again after Run, and no goroutine's ever are.
TEST_P(OwnStateTest, TheThreadsOwnExceptionsStay) {
  try {
    throw std::runtime_error("before Run");
  } catch (const std::runtime_error&) {
    heddle::Run(Options{.procs = GetParam().procs},
                [] { EXPECT_EQ(Handled(), "none"); });
    InMany([](int i, auto change) {
      EXPECT_EQ(Handled(), "none");
      try {
        throw std::runtime_error(Text("the error", i));
      } catch (const std::runtime_error&) {
        change();
      }
    });
    EXPECT_EQ(Handled(), "before Run");
  }
  EXPECT_EQ(Handled(), "none");
}

// ---- Floating point ----

constexpr int kModes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

// Rounded as the mode says, at run time.
ABSL_ATTRIBUTE_NOINLINE double Third() {
  volatile double one = 1;
  volatile double three = 3;
  return one / three;
}

TEST_P(OwnStateTest, FloatingPointModeStays) {
  InMany([](int i, auto change) {
    const int mode = kModes[i % 4];
    std::fesetround(mode);
    const double third = Third();
    for (int round = 0; round < kRounds; round++) {
      change();
      EXPECT_EQ(std::fegetround(), mode);
      EXPECT_EQ(Third(), third);
    }
    std::fesetround(FE_TONEAREST);
  });
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
}

#if defined(__x86_64__)

// Each word alone: fesetround changes both.
TEST_P(OwnStateTest, MxcsrStays) {
  // Rounding, flush to zero and denormals are zero.
  constexpr unsigned int kBits[] = {0, 0x6000, 0x8000, 0x0040};
  InMany([&](int i, auto change) {
    const unsigned int control = (_mm_getcsr() & ~0xE040u) | kBits[i % 4];
    _mm_setcsr(control);
    for (int round = 0; round < kRounds; round++) {
      change();
      EXPECT_EQ(_mm_getcsr() & 0xFFC0u, control & 0xFFC0u);
    }
  });
}

uint16_t GetX87() {
  uint16_t word;
  asm volatile("fnstcw %0" : "=m"(word));
  return word;
}
void SetX87(uint16_t word) { asm volatile("fldcw %0" ::"m"(word)); }

TEST_P(OwnStateTest, X87ControlWordStays) {
  // Rounding and precision.
  constexpr uint16_t kWords[] = {0x037F, 0x0F7F, 0x027F, 0x077F};
  InMany([&](int i, auto change) {
    SetX87(kWords[i % 4]);
    for (int round = 0; round < kRounds; round++) {
      change();
      EXPECT_EQ(GetX87(), kWords[i % 4]);
    }
  });
}

#endif

// A goroutine starts with its creator's mode, as a thread does.
TEST_P(OwnStateTest, FloatingPointModeIsInherited) {
  InMany([](int i, auto change) {
    const int mode = kModes[i % 4];
    std::fesetround(mode);
    change();
    WaitGroup child;
    child.Go([=] {
      EXPECT_EQ(std::fegetround(), mode);
      std::fesetround(kModes[(i + 1) % 4]);
    });
    child.Wait();
    EXPECT_EQ(std::fegetround(), mode);
  });
}

}  // namespace
}  // namespace heddle
