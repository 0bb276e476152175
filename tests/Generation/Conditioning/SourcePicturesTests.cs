using Locutor.Generation.Conditioning;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Models;

namespace Locutor.Generation.Tests.Conditioning;

public sealed class SourcePicturesTests
{
    private const string OnePerson = "shows one person in the middle, but two voices need two people";

    /// <summary>A dialogue over the portrait of one person would move the halves of one face.</summary>
    [Theory]
    [InlineData("amara.png", true)]
    [InlineData("clara.png", true)]
    [InlineData("dalia.png", true)]
    [InlineData("elena.png", true)]
    [InlineData("farid.png", true)]
    [InlineData("greta.png", true)]
    [InlineData("hana.png", true)]
    [InlineData("noor.png", true)]
    [InlineData("two-people/pair.jpg", false)]
    public async Task Two_voices_for_one_person_cause_a_note(string sample, bool told)
    {
        (await NotesAsync(sample, [])).Any(note => note.Contains(OnePerson, StringComparison.Ordinal)).ShouldBe(told);
        (await NotesAsync(sample, null)).ShouldNotContain(note => note.Contains(OnePerson, StringComparison.Ordinal), "one voice");
    }

    [Fact]
    public async Task With_two_boxes_there_is_no_note_about_one_person() =>
        (await NotesAsync("hana.png", [new(0, 0, 200, 512), new(200, 0, 512, 512)]))
            .ShouldNotContain(note => note.Contains(OnePerson, StringComparison.Ordinal));

    private static async Task<IReadOnlyList<string>> NotesAsync(string sample, IReadOnlyList<SpeakerBox>? people)
    {
        await using var pictures = await SourcePictures.OpenAsync(
            Path.Combine(TestEnvironment.Checkout, "samples", sample), [[128, 128]], MediaLimits.Default,
            TestContext.Current.CancellationToken, new CompositionOptions(LargestSide: 768, AddedFrom: 5, ReplacedFrom: 16), people);
        return pictures.Notes;
    }
}
