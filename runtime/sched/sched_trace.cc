#include "heddle/runtime/sched/sched_trace.h"

#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_format.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/p_lifecycle.h"

namespace heddle::sched {
namespace {

constexpr int64_t kNone = -1;  // prints as nil

struct PLine {
  int status;
  uint32_t schedtick;
  uint32_t syscalltick;
  int64_t m;
  uint32_t runqsize;
  int32_t gfreecnt;
  uint32_t timerslen;
};

struct MLine {
  int64_t id;
  G* curg;
  G* lockedg;
  int32_t locks;
  bool spinning;
};

struct Snapshot {
  int32_t gomaxprocs;
  int32_t idleprocs;
  int32_t threads;
  int32_t spinningthreads;
  uint32_t needspinning;
  int32_t idlethreads;
  int32_t runqueue;
  bool gcwaiting;
  int32_t stopwait;
  bool sysmonwait;
  int32_t nmidlelocked;   // in detail only, as the next two
  std::vector<PLine> ps;  // by id
  std::vector<MLine> ms;
  std::vector<int64_t> idle;  // ids of idle Ms
};

PLine LookAt(const P* pp) {
  const M* mp = pp->m.load(std::memory_order_acquire);
  return {static_cast<int>(pp->status.load(std::memory_order_relaxed)),
          pp->schedtick.load(std::memory_order_relaxed),
          pp->syscalltick.load(std::memory_order_relaxed),
          mp == nullptr ? kNone : mp->id,
          pp->QueuesSize(),
          pp->gfree.n(),
          pp->timers().size.load(std::memory_order_relaxed)};
}

MLine LookAt(const M* mp) {
  return {mp->id, mp->curg, mp->lockedg, mp->gate.locks(), mp->spinning};
}

// Fills *s in; false if its vectors have too little room, as nothing allocates
// under the lock.
bool Look(Sched* sched, bool detailed, Snapshot* s) {
  os::LockGuard guard(sched->lock);
  s->gomaxprocs = sched->gomaxprocs.load(std::memory_order_relaxed);
  const auto ms = static_cast<size_t>(detailed ? sched->mnext : 0);
  if (s->ps.capacity() < static_cast<size_t>(s->gomaxprocs) ||
      s->ms.capacity() < ms || s->idle.capacity() < ms) {
    return false;
  }
  s->idleprocs = sched->npidle.load(std::memory_order_relaxed);
  s->threads = sched->nm;
  s->spinningthreads = sched->nmspinning.load(std::memory_order_relaxed);
  s->needspinning = sched->needspinning.load(std::memory_order_relaxed);
  s->idlethreads = sched->nmidle;
  s->runqueue = sched->runqsize.load(std::memory_order_relaxed);
  s->gcwaiting = sched->gcwaiting();
  s->stopwait = sched->stopwait;
  s->sysmonwait = sched->sysmonwait == SysmonWait::kDeep;
  for (int32_t i = 0; i < s->gomaxprocs; i++) {
    s->ps.push_back(LookAt(GetP(sched, i)));
  }
  if (!detailed) return true;
  s->nmidlelocked = 0;
  for (const M* mp = sched->allm; mp != nullptr; mp = mp->alllink) {
    s->ms.push_back(LookAt(mp));
    if (mp->stopped_locked) s->nmidlelocked++;
  }
  for (const M* mp = sched->midle; mp != nullptr; mp = mp->schedlink) {
    s->idle.push_back(mp->id);
  }
  return true;
}

Snapshot Look(Sched* sched, bool detailed) {
  Snapshot s;
  do {
    int64_t ms = 0;
    if (detailed) {
      os::LockGuard guard(sched->lock);
      ms = sched->mnext;
    }
    s.ms.reserve(static_cast<size_t>(ms));
    s.idle.reserve(static_cast<size_t>(ms));
    s.ps.reserve(
        static_cast<size_t>(sched->gomaxprocs.load(std::memory_order_relaxed)));
  } while (!Look(sched, detailed, &s));
  return s;
}

std::string OrNil(int64_t id) {
  return id == kNone ? "nil" : absl::StrFormat("%d", id);
}

std::string GoidOrNil(G* gp) {
  return gp == nullptr ? "nil" : absl::StrFormat("%d", GoidOf(gp));
}

const char* Bool(bool b) { return b ? "true" : "false"; }

void AppendHead(const Snapshot& s, int64_t ms, std::string* out) {
  absl::StrAppendFormat(
      out,
      "SCHED %dms: gomaxprocs=%d idleprocs=%d threads=%d spinningthreads=%d "
      "needspinning=%d idlethreads=%d runqueue=%d",
      ms, s.gomaxprocs, s.idleprocs, s.threads, s.spinningthreads,
      s.needspinning, s.idlethreads, s.runqueue);
}

void AppendRings(const Snapshot& s, std::string* out) {
  const char* separator = " [";
  for (const PLine& p : s.ps) {
    absl::StrAppendFormat(out, "%s%d", separator, p.runqsize);
    separator = " ";
  }
  out->append("]\n");
}

// Also fills in which P each M has: M::p is the M's own.
void AppendPs(const Snapshot& s, std::map<int64_t, int64_t>* p_of_m,
              std::string* out) {
  for (size_t i = 0; i < s.ps.size(); i++) {
    const PLine& p = s.ps[i];
    if (p.m != kNone) (*p_of_m)[p.m] = static_cast<int64_t>(i);
    absl::StrAppendFormat(
        out,
        "  P%d: status=%d schedtick=%d syscalltick=%d m=%s runqsize=%d "
        "gfreecnt=%d timerslen=%d\n",
        i, p.status, p.schedtick, p.syscalltick, OrNil(p.m), p.runqsize,
        p.gfreecnt, p.timerslen);
  }
}

// The M that a goroutine is on, and the one that it is locked to: G::m and
// G::lockedm are its owner's.
struct MsOfGs {
  std::map<G*, int64_t> m;
  std::map<G*, int64_t> lockedm;
};

int64_t Find(const std::map<G*, int64_t>& ms, G* gp) {
  const auto found = ms.find(gp);
  return found == ms.end() ? kNone : found->second;
}

// Also fills in *ms_of_gs.
void AppendMs(const Snapshot& s, const std::map<int64_t, int64_t>& p_of_m,
              MsOfGs* ms_of_gs, std::string* out) {
  const std::set<int64_t> idle(s.idle.begin(), s.idle.end());
  for (const MLine& m : s.ms) {
    if (m.curg != nullptr) ms_of_gs->m[m.curg] = m.id;
    if (m.lockedg != nullptr) ms_of_gs->lockedm[m.lockedg] = m.id;
    const auto p = p_of_m.find(m.id);
    absl::StrAppendFormat(
        out,
        "  M%d: p=%s curg=%s mallocing=0 throwing=0 preemptoff= locks=%d "
        "dying=0 spinning=%s blocked=%s lockedg=%s\n",
        m.id, OrNil(p == p_of_m.end() ? kNone : p->second), GoidOrNil(m.curg),
        m.locks, Bool(m.spinning), Bool(idle.count(m.id) != 0),
        GoidOrNil(m.lockedg));
  }
}

void AppendGs(Sched* sched, const MsOfGs& ms_of_gs, std::string* out) {
  const size_t n = sched->allgs.size();
  for (size_t i = 0; i < n; i++) {
    G* gp = sched->allgs[i];
    const auto status = static_cast<int>(ReadGStatus(gp));
    if (status == static_cast<int>(GStatus::kIdle)) continue;
    absl::StrAppendFormat(
        out, "  G%d: status=%d(%s) m=%s lockedm=%s\n", GoidOf(gp), status,
        WaitReasonText(gp->waitreason.load(std::memory_order_relaxed)),
        OrNil(Find(ms_of_gs.m, gp)), OrNil(Find(ms_of_gs.lockedm, gp)));
  }
}

}  // namespace

std::string SchedTrace(Sched* sched, bool detailed, int64_t now_ns) {
  const Snapshot s = Look(sched, detailed);
  std::string out;
  AppendHead(s, (now_ns - sched->start_ns) / 1'000'000, &out);
  if (!detailed) {
    AppendRings(s, &out);
    return out;
  }
  absl::StrAppendFormat(
      &out, " gcwaiting=%s nmidlelocked=%d stopwait=%d sysmonwait=%s\n",
      Bool(s.gcwaiting), s.nmidlelocked, s.stopwait, Bool(s.sysmonwait));
  std::map<int64_t, int64_t> p_of_m;
  MsOfGs ms_of_gs;
  AppendPs(s, &p_of_m, &out);
  AppendMs(s, p_of_m, &ms_of_gs, &out);
  AppendGs(sched, ms_of_gs, &out);
  return out;
}

void PrintSchedTrace(Sched* sched, bool detailed) {
  base::WriteErr(SchedTrace(sched, detailed, os::Nanotime()));
}

}  // namespace heddle::sched
