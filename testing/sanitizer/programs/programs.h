// Programs that a sanitizer, or the runtime, must catch. Each runs once with
// its mistake and once without: `fixed`.

#ifndef TESTING_SANITIZER_PROGRAMS_PROGRAMS_H_
#define TESTING_SANITIZER_PROGRAMS_PROGRAMS_H_

namespace heddle::testing {

void CapturedRace(bool fixed);
void ChannelRace(bool fixed);
void DeadRace(bool fixed);
void DeadStack(bool fixed);
void HeapUseAfterFree(bool fixed);
void Leak(bool fixed);
void LockOrder(bool fixed);
void StackOverflow(bool fixed);
void UseAfterReturn(bool fixed);

}  // namespace heddle::testing

#endif  // TESTING_SANITIZER_PROGRAMS_PROGRAMS_H_
