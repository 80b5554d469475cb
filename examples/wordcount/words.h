// Counting words in a stream of bytes.
//
// Two kinds of word are counted in one pass, each defined by a pipeline that
// gives the same:
//   words   LC_ALL=C wc -w: what stands between white space, if it has at least
//           one printable ASCII character (bytes that are neither do not count)
//   counts  LC_ALL=C tr -cs A-Za-z '\n' | tr A-Z a-z | sort | uniq -c

#ifndef EXAMPLES_WORDCOUNT_WORDS_H_
#define EXAMPLES_WORDCOUNT_WORDS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace heddle::wordcount {

// What was counted, of one file or of many.
struct Tally {
  int64_t bytes = 0;
  int64_t words = 0;
  absl::flat_hash_map<std::string, int64_t> counts;

  // Adds all of `other`.
  void Merge(Tally other);

  // The n commonest words, commonest first, those equally common by the
  // alphabet. All of them if there are no more than n.
  std::vector<std::pair<std::string_view, int64_t>> Commonest(size_t n) const;
};

// Counts one file. Not thread-safe.
class WordCounter {
 public:
  // Counts the file's next bytes; a word may go on in the next call's.
  void Add(std::string_view bytes);

  // The file ends here. Not to be used afterwards.
  Tally Finish() &&;

 private:
  void EndWord();

  Tally tally_;
  bool in_word_ = false;  // of wc's kind
  std::string letters_;   // those of the word that is going on
};

}  // namespace heddle::wordcount

#endif  // EXAMPLES_WORDCOUNT_WORDS_H_
