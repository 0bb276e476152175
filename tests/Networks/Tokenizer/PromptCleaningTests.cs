using Locutor.Networks.Tokenizer;

namespace Locutor.Networks.Tests.Tokenizer;

public class PromptCleaningTests
{
    // Expected values are those of Python 3's html.unescape, applied twice, and of its regex's white space.
    [Theory]
    [InlineData("  a \t\r\n b  ", "a b")]
    [InlineData("a\u3000\u00a0b\u200bc", "a b\u200bc")]
    [InlineData("fish &amp; chips", "fish & chips")]
    [InlineData("&amp;lt;b&amp;gt;", "<b>")]
    [InlineData("&ampersand &notit;", "&ersand ¬it;")]
    [InlineData("&eacute;t&eacute &Eacute", "été É")]
    [InlineData("&alpha; &alpha", "α &alpha")]
    [InlineData("&#65;&#x42;&#X43", "ABC")]
    [InlineData("&#128;&#x99;", "€™")]
    [InlineData("&#0;&#xD800;&#x110000;&#99999999999999999999;", "\ufffd\ufffd\ufffd\ufffd")]
    [InlineData("a&#1;b&#xFFFE;", "ab")]
    [InlineData("& &; &unknown; &#; &#x;", "& &; &unknown; &#; &#x;")]
    [InlineData("&#x1F600;", "\ud83d\ude00")]
    [InlineData("\u001c a \u001f", "a")]
    public void Prompts_are_cleaned_as_the_text_encoder_was_trained(string prompt, string expected) =>
        PromptCleaning.Clean(prompt).ShouldBe(expected);
}
