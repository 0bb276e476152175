using Locutor.Generation.Conditioning;
using Locutor.Media.Pictures;
using Locutor.Training.Faces;

namespace Locutor.Training.Tests.Faces;

public sealed class FaceFinderTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(384, 216)]
    [InlineData(216, 384)]
    [InlineData(288, 384)]
    public void Painted_faces_are_found_in_wide_and_tall_pictures(int width, int height)
    {
        const int people = 12;
        int seed = TestSeed.Value, found = 0;
        for (int i = 0; i < people; i++)
        {
            byte[] rgb = FacePainting.Paint(Person.Draw(seed + i), default, width, height);
            var place = FaceFinder.Find(new Picture(width, height, rgb));
            output.WriteLine($"person {seed + i}: {place}");
            if (place is not { } square) continue;
            double side = Math.Min(width, height), x = (square.Left + square.Right - width) / 2 / side;
            double y = (square.Top + square.Bottom - height) / 2 / side;
            if (Math.Abs(x) < 0.06 && Math.Abs(y) < 0.06 && Math.Abs((square.Right - square.Left) / side - 1) < 0.2) found++;
        }
        found.ShouldBeGreaterThanOrEqualTo(people - 3);
    }

    [Fact]
    public void Nothing_is_found_in_noise_and_in_a_plain_picture()
    {
        byte[] noise = new byte[3 * 300 * 200];
        TestSeed.NewRandom().NextBytes(noise);
        FaceFinder.Find(new Picture(300, 200, noise)).ShouldBeNull();
        FaceFinder.Find(new Picture(200, 300, new byte[noise.Length])).ShouldBeNull();
    }
}
