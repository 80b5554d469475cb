#include "examples/mandelbrot/picture.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle::mandelbrot {
namespace {

TEST(PictureTest, DrawsTheSet) {
  heddle::Run([] {
    EXPECT_EQ(Draw(33, 9, 3),
              ".......::::::::::::::::::::::::::\n"
              ".....:::::::::::------=+----:::::\n"
              "....:::::::::-----*=**+#+==-=-:::\n"
              "...::::---=-----=+##########+=--:\n"
              "...------==#####%############---:\n"
              "...------==#####%############---:\n"
              "...::::---=-----=+##########+=--:\n"
              "....:::::::::-----*=**+#+==-=-:::\n"
              ".....:::::::::::------=+----:::::\n");
  });
}

TEST(PictureTest, IsTheSameWhoeverDrawsIt) {
  heddle::Run([] {
    const std::string one = Draw(40, 20, 1);
    EXPECT_EQ(std::count(one.begin(), one.end(), '\n'), 20);
    for (const int workers : {2, 7, 40}) EXPECT_EQ(Draw(40, 20, workers), one);
  });
}

}  // namespace
}  // namespace heddle::mandelbrot
