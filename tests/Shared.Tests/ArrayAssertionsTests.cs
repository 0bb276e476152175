namespace Locutor.Shared.Tests;

public sealed class ArrayAssertionsTests
{
    [Fact]
    public void Equal_arrays_pass()
    {
        new byte[] { 1, 2, 3 }.ShouldBe([1, 2, 3]);
        new float[] { 1, float.NaN, 0f }.ShouldBe([1, float.NaN, -0f]);
        ((byte[]?)null).ShouldBe(null);
    }

    [Fact]
    public void The_first_element_that_differs_is_named()
    {
        var failure = Should.Throw<ShouldAssertException>(() => new byte[] { 1, 2, 3 }.ShouldBe([1, 2, 4], "seed 7"));
        failure.Message.ShouldBe("from element 2 on expected [4] (3 elements), found [3] (3 elements): seed 7");
        Should.Throw<ShouldAssertException>(() => new float[] { 1, 2 }.ShouldBe([1]))
            .Message.ShouldBe("from element 1 on expected [] (1 elements), found [2] (2 elements)");
        Should.Throw<ShouldAssertException>(() => Array.Empty<byte>().ShouldBe(null));
        Should.Throw<ShouldAssertException>(() => ((float[]?)null).ShouldBe([]));
    }
}
