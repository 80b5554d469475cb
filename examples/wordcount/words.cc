#include "examples/wordcount/words.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"

namespace heddle::wordcount {

void Tally::Merge(Tally other) {
  bytes += other.bytes;
  words += other.words;
  if (counts.size() < other.counts.size()) std::swap(counts, other.counts);
  for (const auto& [word, count] : other.counts) counts[word] += count;
}

std::vector<std::pair<std::string_view, int64_t>> Tally::Commonest(
    size_t n) const {
  std::vector<std::pair<std::string_view, int64_t>> all(counts.begin(),
                                                        counts.end());
  n = std::min(n, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(n),
                    all.end(), [](const auto& a, const auto& b) {
                      return a.second != b.second ? a.second > b.second
                                                  : a.first < b.first;
                    });
  all.resize(n);
  return all;
}

void WordCounter::Add(std::string_view bytes) {
  tally_.bytes += static_cast<int64_t>(bytes.size());
  for (const char byte : bytes) {
    const unsigned char c = static_cast<unsigned char>(byte);
    if (absl::ascii_isalpha(c)) {
      in_word_ = true;
      letters_.push_back(absl::ascii_tolower(c));
      continue;
    }
    EndWord();
    if (absl::ascii_isspace(c)) {
      tally_.words += in_word_ ? 1 : 0;
      in_word_ = false;
    } else if (absl::ascii_isprint(c)) {
      in_word_ = true;
    }
  }
}

void WordCounter::EndWord() {
  if (letters_.empty()) return;
  ++tally_.counts[letters_];
  letters_.clear();
}

Tally WordCounter::Finish() && {
  EndWord();
  tally_.words += in_word_ ? 1 : 0;
  return std::move(tally_);
}

}  // namespace heddle::wordcount
