using System.Reflection;
using Xunit.v3;

namespace Locutor.Tests;

/// <summary>
/// Applied to every test assembly: adds the seed to the output of each test. The runner prints this output with every failure.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class PrintSeed : BeforeAfterTestAttribute
{
    public static string Line => $"LOCUTOR_SEED={TestSeed.Value}";

    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => TestContext.Current.TestOutputHelper?.WriteLine(Line);
}
