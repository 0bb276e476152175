using Locutor.Service.Availability;
using Npgsql;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>Which exceptions count as an outage, answered with 503, and which as a fault of the program, answered with 500.</summary>
public sealed class OutageKindTests
{
    [Fact]
    public void Exceptions_of_leaving_nodes_and_of_the_database_are_outages()
    {
        Outage.Is(new SiloUnavailableException("the node left")).ShouldBeTrue();
        Outage.Is(new InvalidOperationException("a wrapper", new NpgsqlException("no connection"))).ShouldBeTrue();
        Outage.Is(Thrown(static () => ObjectDisposedException.ThrowIf(true, typeof(OutageKindTests)))).ShouldBeTrue();
        // Plain exceptions of .NET, thrown inside the libraries.
        var ofOrleans = Thrown(static () => SiloAddress.FromParsableString("no address"));
        ofOrleans.ShouldNotBeAssignableTo<OrleansException>();
        Outage.Is(ofOrleans).ShouldBeTrue(ofOrleans.ToString());
        var ofNpgsql = Thrown(static () => new NpgsqlConnection("Host=127.0.0.1").CreateCommand().ExecuteScalar());
        ofNpgsql.ShouldBeOfType<InvalidOperationException>();
        Outage.Is(ofNpgsql).ShouldBeTrue(ofNpgsql.ToString());
    }

    [Fact]
    public void Faults_of_the_program_are_no_outages()
    {
        Outage.Is(Thrown(static () => throw new InvalidOperationException("a fault"))).ShouldBeFalse();
        Outage.Is(Thrown(static () => new Dictionary<string, int>()["missing"].ToString())).ShouldBeFalse();
        Outage.Is(new InvalidOperationException("never thrown")).ShouldBeFalse();
    }

    private static Exception Thrown(Action act)
    {
        try
        {
            act();
        }
        catch (Exception exception)
        {
            return exception;
        }
        throw new InvalidOperationException("nothing was thrown");
    }
}
