// The dining philosophers (Dijkstra 1965): a round table, a fork between each
// two, and each needs both of his to eat.
//
// Forks are Mutexes, philosophers goroutines. Polite ones take the fork with
// the smaller number first, so that no circle of them can wait for each other.
// Greedy ones take the left one first: when all have, nobody can go on, and the
// runtime says who waits for what.

#ifndef EXAMPLES_PHILOSOPHERS_TABLE_H_
#define EXAMPLES_PHILOSOPHERS_TABLE_H_

#include <vector>

namespace heddle::philosophers {

enum class Manners { kPolite, kGreedy };

// Seats `guests` (2 or more) philosophers, and returns how often each has eaten
// when all have done so `meals` times. With kGreedy it never returns, if
// `meals` is 1 or more: it is a deadlock. From a goroutine.
std::vector<int> Dine(int guests, int meals, Manners manners);

}  // namespace heddle::philosophers

#endif  // EXAMPLES_PHILOSOPHERS_TABLE_H_
