using Locutor.Models.Store;

namespace Locutor.Models.Tests.Store;

public class ExtentsTests
{
    [Fact]
    public void Ranges_equal_those_of_a_map_of_bytes()
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        for (int round = 0; round < 300; round++)
        {
            int size = random.Next(1, 200);
            bool[] map = new bool[size];
            var extents = new Extents();
            for (int i = random.Next(30); i > 0; i--)
            {
                int first = random.Next(size), end = random.Next(first, size + 1);
                extents.Add(first, end);
                map.AsSpan(first, end - first).Fill(true);
            }
            string about = $"seed {seed}, round {round}";
            extents.Total.ShouldBe(map.Count(b => b), about);
            extents.Prefix.ShouldBe(Array.IndexOf([.. map, false], false), about);
            bool[] missing = new bool[size];
            foreach (var (first, end) in extents.Missing(size, 7))
            {
                (end - first).ShouldBeInRange(1, 7);
                for (long i = first; i < end; i++) missing[i].ShouldBeFalse(about);
                missing.AsSpan((int)first, (int)(end - first)).Fill(true);
            }
            missing.ShouldBe(map.Select(b => !b), about);
        }
    }
}
