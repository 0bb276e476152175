namespace Locutor.TextToSpeech.Tests;

public sealed class ScriptTests
{
    [Fact]
    public void A_text_is_the_turn_of_one_person()
    {
        var script = Script.Parse("One line.\r\nAnother\tline: with a colon.\n\nA new paragraph.");
        script.IsDialogue.ShouldBeFalse();
        script.Turns.ShouldBe([new Turn(0, "One line.\nAnother line: with a colon.\n\nA new paragraph.")]);
    }

    [Fact]
    public void A_dialogue_has_turns_of_two_people()
    {
        var script = Script.Parse("\n A: Good morning.\nHow are you?\nB: Fine.\nB: And you?\n\nA: Fine, too.\n");
        script.IsDialogue.ShouldBeTrue();
        script.Turns.ShouldBe([new Turn(0, "Good morning.\nHow are you?"), new Turn(1, "Fine.\n And you?"), new Turn(0, "Fine, too.")]);
        script.Words.ShouldNotContain("A:");
    }

    [Theory]
    [InlineData("C: no beginning of a dialogue", false)]
    [InlineData("The list. A: one. B: two.", false)]
    [InlineData("A: one", false)]
    [InlineData("A: one\nB: two", true)]
    [InlineData("A：你好。\nB：再见。", true)]
    [InlineData("A://host is an address\nB: not a turn", false)]
    public void Only_beginnings_of_lines_name_a_person(string text, bool isDialogue) => Script.Parse(text).IsDialogue.ShouldBe(isDialogue);

    [Theory]
    [InlineData("Hello\u0001+10S", "U+0001")] // espeak-ng would read it as a command
    [InlineData("Hello\u001b[31m", "U+001B")]
    [InlineData("Hello\0", "U+0000")]
    [InlineData("<speak>Hello</speak>", "SSML")]
    [InlineData("hello <SPEAK version='1.0'>", "SSML")]
    [InlineData("<?xml version=\"1.0\"?><speak/>", "SSML")]
    [InlineData("... !?", "no letter")]
    [InlineData("A: Hello\nB: ...", "words after B:")]
    [InlineData("B: Hello", "only B:")]
    public void A_text_that_is_no_script_is_refused_with_the_reason(string text, string reason)
    {
        Script.Fault(text).ShouldNotBeNull().ShouldContain(reason);
        Should.Throw<ArgumentException>(() => Script.Parse(text));
    }

    [Fact]
    public void Angle_brackets_and_ampersands_are_text() =>
        Script.Fault("1 < 2 & <b>bold</b>, -v is no option, $(reboot) `ls` is no command").ShouldBeNull();

    [Fact]
    public void The_length_is_bounded()
    {
        Script.Fault(new string('a', Script.LongestText)).ShouldBeNull();
        Script.Fault(new string('a', Script.LongestText + 1)).ShouldBe("expected text of at most 20000 characters, found 20001");
    }
}
