// Tables, widths and colours.
#include "terminal/text.hpp"
#include "terminal/progress.hpp"
#include "terminal/view.hpp"

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

namespace postrider::cli::test {

TEST(Text, WidthCountsColumnsNotBytes) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("é"), 1U);
    EXPECT_EQ(display_width("日本"), 4U);
    EXPECT_EQ(display_width("e\u0301"), 1U);
    EXPECT_EQ(display_width("🍞"), 2U);
}

TEST(Text, CuttingKeepsWholeCharacters) {
    EXPECT_EQ(cut_to_width("croissant", 5), "croi…");
    EXPECT_EQ(cut_to_width("日本語", 5), "日本…");
    EXPECT_EQ(cut_to_width("日本語", 6), "日本語");
}

TEST(Text, ControlCharactersOfOthersNeverReachTheTerminal) {
    EXPECT_EQ(escape_controls("a\x1b[31mb\r\n"), "a\\x1b[31mb\\x0d\\n");
    EXPECT_EQ(escape_controls("\u202eabc"), "\\u202eabc");
    EXPECT_EQ(escape_controls("\xff"), "\\xff");
    EXPECT_EQ(escape_controls("é日🍞"), "é日🍞");
}

TEST(View, TablesAreAlignedAndFitTheTerminal) {
    auto const data = boost::json::parse(
        R"({"items":[{"id":"job_1","state":"published","account":"x:@日本","note":"a very long note that does not fit"},
                     {"id":"job_2","state":"unknown","account":"x:@b","note":null}],"streamed":2})");
    auto const text =
        render_view(data.as_object(), "items: id state account note", 40, Paint(false));
    EXPECT_EQ(text,
              "streamed  2\n"
              "\n"
              "id     state      account  note\n"
              "job_1  published  x:@日本  a very long…\n"
              "job_2  unknown    x:@b     -\n");
}

TEST(Progress, TransferIsAPercentageWhereTheWholeIsKnown) {
    EXPECT_EQ(transfer_text(0, 10), "");
    EXPECT_EQ(transfer_text(5, 10), "50 %");
    EXPECT_EQ(transfer_text(2'500'000, 0), "2.5 MB");
}

}  // namespace postrider::cli::test
