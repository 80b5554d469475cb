#include "examples/philosophers/table.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>

#include "heddle/heddle.h"

namespace heddle::philosophers {
namespace {

constexpr std::array<std::string_view, 5> kNames = {
    "Plato", "Hypatia", "Confucius", "Descartes", "Arendt"};

}  // namespace

std::vector<int> Dine(int guests, int meals, Manners manners) {
  const auto seats = static_cast<size_t>(guests);
  std::vector<Mutex> forks(seats);
  std::vector<int> eaten(seats);
  WaitGroup all_have_one;  // greedy ones look at each other first
  all_have_one.Add(guests);
  WaitGroup dinner;
  dinner.Add(guests);
  for (size_t seat = 0; seat < seats; seat++) {
    Go({.name = kNames[seat % kNames.size()]}, [&, seat] {
      const size_t left = seat;
      const size_t right = (seat + 1) % seats;
      for (int meal = 0; meal < meals; meal++) {
        if (manners == Manners::kGreedy) {
          const std::scoped_lock one(forks[left]);
          all_have_one.Done();
          all_have_one.Wait();
          const std::scoped_lock other(forks[right]);
          eaten[seat]++;
        } else {
          const std::scoped_lock one(forks[std::min(left, right)]);
          Yield();  // a moment for the others to take theirs
          const std::scoped_lock other(forks[std::max(left, right)]);
          eaten[seat]++;
        }
      }
      dinner.Done();
    });
  }
  dinner.Wait();
  return eaten;
}

}  // namespace heddle::philosophers
