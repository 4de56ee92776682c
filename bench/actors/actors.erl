%% The workloads in Erlang. Prints one line a workload: name and processes, round trips or messages a second.
-module(actors).
-export([main/1]).

main([Rounds, Spawns, Each, Storm, Idle]) ->
    N = list_to_integer(Rounds), S = list_to_integer(Spawns), E = list_to_integer(Each),
    M = list_to_integer(Storm), I = list_to_integer(Idle),
    Pong = spawn(fun pong/0),
    ping(Pong, N div 10),
    rate("ping_pong", N, fun() -> ping(Pong, N) end),
    rate("spawn", S, fun() -> spawns(S) end),
    rate("fan_in", 100 * E, fun() -> fan_in(100, E) end),
    rate("monitor", M, fun() -> storm(M) end),
    io:format("idle ~p~n", [idle(I)]),
    halt().

rate(Name, N, Work) ->
    Start = erlang:monotonic_time(nanosecond),
    Work(),
    Took = erlang:monotonic_time(nanosecond) - Start,
    io:format("~s ~p~n", [Name, N * 1.0e9 / Took]).

pong() -> receive {From, X} -> From ! {self(), X}, pong() end.

ping(_, 0) -> ok;
ping(Pong, N) -> Pong ! {self(), N}, receive {Pong, _} -> ok end, ping(Pong, N - 1).

spawns(0) -> ok;
spawns(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, N} end),
    receive {done, N} -> ok end,
    spawns(N - 1).

fan_in(Senders, Each) ->
    Self = self(),
    [spawn(fun() -> send_all(Self, Each) end) || _ <- lists:seq(1, Senders)],
    receive_all(Senders * Each).

send_all(_, 0) -> ok;
send_all(To, N) -> To ! {n, N}, send_all(To, N - 1).

receive_all(0) -> ok;
receive_all(N) -> receive {n, _} -> ok end, receive_all(N - 1).

storm(N) ->
    Pids = [element(1, spawn_monitor(fun() -> receive stop -> ok end end)) || _ <- lists:seq(1, N)],
    [P ! stop || P <- Pids],
    downs(N).

downs(0) -> ok;
downs(N) -> receive {'DOWN', _, process, _, _} -> ok end, downs(N - 1).

idle(N) ->
    Before = erlang:memory(processes),
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, N)],
    Bytes = (erlang:memory(processes) - Before) / N,
    [P ! stop || P <- Pids],
    Bytes.
