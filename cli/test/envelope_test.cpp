// What is cut from an answer that is too long, and how the rest is reached.
#include "operations/envelope.hpp"

#include <gtest/gtest.h>
#include <boost/json/array.hpp>

namespace postrider::cli::test {

namespace json = boost::json;

namespace {

Ending list_of(int count) {
    Ending ending;
    json::array items;
    for (int number = 0; number < count; ++number) {
        items.push_back(json::object{{"text", std::string(100, 'x')}});
        ending.cursors.push_back("cursor-" + std::to_string(number));
    }
    ending.data = json::object{{"items", std::move(items)}};
    return ending;
}

}  // namespace

TEST(CutToSize, AListGoesOnAfterTheLastItemShown) {
    auto ending = list_of(100);
    cut_to_size(ending, 2'000);
    auto const shown = ending.data->at("items").as_array().size();
    ASSERT_GT(shown, 0U);
    ASSERT_LT(shown, 100U);
    EXPECT_TRUE(ending.truncated);
    EXPECT_EQ(ending.next_cursor, "cursor-" + std::to_string(shown - 1));
}

TEST(CutToSize, AListThatFitsKeepsItsOwnCursor) {
    auto ending = list_of(3);
    ending.next_cursor = "cursor-2";
    cut_to_size(ending, 2'000);
    EXPECT_FALSE(ending.truncated);
    EXPECT_EQ(ending.next_cursor, "cursor-2");
}

TEST(CutToSize, WhatIsNoListHasNoCursor) {
    Ending ending;
    ending.data = json::object{{"text", std::string(5'000, 'x')}};
    cut_to_size(ending, 2'000);
    EXPECT_TRUE(ending.truncated);
    EXPECT_FALSE(ending.next_cursor);
}

}  // namespace postrider::cli::test
