using Locutor.Media.Captions;
using Locutor.Media.Sound;

namespace Locutor.Media.Tests.Captions;

public sealed class CaptionTests
{
    [Theory]
    [InlineData("One. Two! Three? Four… Five", "One.|Two!|Three?|Four…|Five")]
    [InlineData(
        "Dr. Smith met Mr. J. Doe. He paid 3.50 at 10:30, e.g. in cash.", "Dr. Smith met Mr. J. Doe.|He paid 3.50 at 10:30, e.g. in cash.")]
    [InlineData("She said: \"Stop!\" He stopped (at once.) Then he left.", "She said: \"Stop!\"|He stopped (at once.)|Then he left.")]
    [InlineData("A line\nthat goes on.\n\nA heading\n\nThe end", "A line that goes on.|A heading|The end")]
    [InlineData("你好。我叫小明！再见", "你好。|我叫小明！|再见")]
    [InlineData("   \n\n  ", "")]
    public void Texts_are_split_where_sentences_end(string text, string expected) =>
        string.Join('|', Sentences.Split(text, 600)).ShouldBe(expected);

    [Fact]
    public void A_long_sentence_becomes_captions_of_two_lines_that_end_at_commas_or_spaces()
    {
        const string Text =
            "This sentence is a good deal longer than the two lines of a caption, so it has to be divided, and that happens after a " +
            "comma where there is one nearby";
        var captions = CaptionText.Split(Text);
        captions.Count.ShouldBe(2);
        captions[0].ShouldEndWith(",");
        string.Join(' ', captions).ShouldBe(Text);
        foreach (string caption in captions)
            CaptionText.Lines(caption).Split('\n').Length.ShouldBeInRange(1, 2);
        CaptionText.Split(new string('x', 200)).ShouldAllBe(caption => caption.Length <= CaptionText.Longest);
        CaptionText.Split(string.Concat(Enumerable.Repeat("很", 100))).Select(caption => caption.Length).Max()
            .ShouldBeLessThanOrEqualTo(CaptionText.Longest / 2);
    }

    [Fact]
    public void No_line_of_a_caption_is_wider_than_42_columns()
    {
        var random = TestSeed.NewRandom();
        for (int i = 0; i < 100; i++)
        {
            string text = string.Join(' ', Enumerable.Range(0, random.Next(1, 60)).Select(_ => new string('n', random.Next(1, 30))));
            var captions = CaptionText.Split(text);
            string.Join(' ', captions).ShouldBe(text);
            foreach (string[] lines in captions.Select(caption => CaptionText.Lines(caption).Split('\n')))
            {
                lines.Length.ShouldBeInRange(1, 2);
                lines.ShouldAllBe(line => line.Length <= 42);
            }
        }
    }

    [Fact]
    public void Captions_change_in_silences()
    {
        // Three sentences of noise, 1.0, 2.2 and 0.8 s long, with pauses of 0.4 s; the texts have other proportions.
        var sound = Noise((0.2, 1.2), (1.6, 3.8), (4.2, 5.0));
        var cues = CueTiming.Place(
            ["Twelve letters", "This is a sentence of about thirty letters", "Ten letters"], SpeechActivity.Measure(sound));
        cues.Select(cue => Math.Round(cue.Start, 1)).ShouldBe([0.2, 1.6, 4.2]);
        cues[0].End.ShouldBeInRange(1.2, 1.6);
        cues[1].End.ShouldBeInRange(3.8, 4.2);
        cues[2].End.ShouldBeInRange(5.0, 5.3);
    }

    [Fact]
    public void Without_silences_captions_get_time_in_proportion_to_their_length()
    {
        var cues = CueTiming.Place(["aaaaaaaaa", "aaaaaaaaaaaaaaaaaaa"], SpeechActivity.Measure(Noise((1, 4))), offset: 10);
        cues[0].Start.ShouldBe(11, 0.05);
        cues[1].Start.ShouldBe(12, 0.1);
        cues[1].End.ShouldBe(14.25, 0.05);
    }

    [Fact]
    public void The_last_caption_ends_with_the_sound()
    {
        var activity = SpeechActivity.Measure(new Waveform(16_000, Noise((0, 3)).Samples[..48_000]));
        CueTiming.Place(["Hello there.", "I am Greta."], activity)[1].End.ShouldBe(3);
        CueTiming.Place(["Hello there.", "I am Greta."], [0, 1.5], activity, offset: 0)[1].End.ShouldBe(3);
        CueTiming.Place(["I am Greta."], activity, offset: 10)[0].End.ShouldBe(13);
        CueTiming.Within([new(0, 1, "a"), new(2, 3.5, "b"), new(3, 4, "c")], 3).ShouldBe([new(0, 1, "a"), new(2, 3, "b")]);
    }

    [Fact]
    public void Silence_has_no_captions()
    {
        CueTiming.Place(["Hello."], SpeechActivity.Measure(new Waveform(16_000, new float[32_000]))).ShouldBeEmpty();
        CueTiming.Place(["Hello."], SpeechActivity.Measure(new Waveform(16_000, []))).ShouldBeEmpty();
    }

    [Fact]
    public void Captions_are_equal_after_writing_and_reading_WebVTT()
    {
        Cue[] cues =
        [
            new(0, 1.5, "A & B <c> --> d"), new(3599.999, 3601.25, "Über 42 Zeichen lang ist dieser Text, damit er in zwei Zeilen steht.")
        ];
        string text = CaptionFile.ToWebVtt(cues);
        text.ShouldContain("00:59:59.999 --> 01:00:01.250");
        text.ShouldNotContain("<c>");
        CaptionFile.FromWebVtt(text).ShouldBe(cues);
        CaptionFile.ToSubRip(cues).ShouldStartWith(
            "1\n00:00:00,000 --> 00:00:01,500\nA & B <c> --> d\n\n2\n00:59:59,999 --> 01:00:01,250\n");
        Should.Throw<MediaException>(() => CaptionFile.FromWebVtt("1\n00:00:00,000 --> 00:00:01,500\nHello"));
    }

    private static Waveform Noise(params (double From, double To)[] parts)
    {
        var random = new Random(TestSeed.Value);
        float[] samples = new float[(int)(16_000 * (parts[^1].To + 0.5))];
        foreach (var (from, to) in parts)
            for (int i = (int)(16_000 * from); i < 16_000 * to; i++) samples[i] = 0.4f * (float)(random.NextDouble() - 0.5);
        return new Waveform(16_000, samples);
    }
}
