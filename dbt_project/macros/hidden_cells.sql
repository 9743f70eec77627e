{# CTEs that say which cells of tables of people may not be shown; the last is
   cells_hidden, the relation `cells` with is_hidden (the cell) and
   is_total_hidden (the total of its row).

   `cells` holds every row of a table in every column, with `people` in each.
   The totals of rows and columns are known to the reader. A cell of 1 to
   min_group_size - 1 people is small. Where a table has a small cell, a block
   of whole rows and columns is hidden that holds all of them:

   - its columns are those with a small cell, and the next smaller ones until
     each row with a small cell has min_group_size people in the block, and
     so have the columns but any one of them;
   - its rows are those with a small cell, and further ones until the same is
     true of the columns and of the rows;
   - where the total of a row is small, the block has all columns, and that
     total is hidden with others, until they are two and min_group_size people.

   Of the block a reader knows the sums of its rows and columns, R and C, and
   of all of it, T. A cell can then be anything from max(0, R + C - T) to
   min(R, C), a range as wide as the least of R, C, T - R and T - C (the bounds
   of Frechet): no small cell follows from what is shown. #}
{% macro hidden_cells(cells, table_key, row_key, column_key) -%}
{%- set least_size = setting_within('min_group_size', 1, 1000000) -%}
{%- set of_table = 'partition by ' ~ table_key -%}
{%- set of_row = of_table ~ ', ' ~ row_key -%}
{%- set of_column = of_table ~ ', ' ~ column_key -%}
{%- set so_far = 'rows between unbounded preceding and current row' -%}
cells_counted as (

    select
        *,
        case when {{ is_small_count('people') }} then 1 else 0 end as is_small,
        sum(people) over ({{ of_row }}) as row_people,
        sum(people) over ({{ of_column }}) as column_people
    from {{ cells }}

),

cells_marked as (

    select
        *,
        sum(is_small) over ({{ of_column }}) as column_small,
        max(is_small) over ({{ of_row }}) as row_small,
        case
            when {{ is_small_count('row_people') }} then 1
            else 0
        end as is_small_total
    from cells_counted

),

columns_ordered as (

    select
        *,
        max(is_small_total) over ({{ of_table }}) as has_small_total,
        sum(people * row_small) over ({{ of_column }}) as column_marked,
        row_number() over (
            {{ of_row }}
            order by
                column_small desc,
                case when column_people > 0 then 0 else 1 end asc,
                column_people asc,
                {{ column_key }} asc
        ) as column_number
    from cells_marked

),

columns_summed as (

    select
        *,
        max(column_number * is_small) over ({{ of_table }}) as last_small,
        max(column_number) over ({{ of_table }}) as column_count,
        sum(people) over (
            {{ of_row }} order by column_number {{ so_far }}
        ) as people_across,
        sum(column_marked) over (
            {{ of_row }} order by column_number {{ so_far }}
        ) - max(column_marked) over (
            {{ of_row }} order by column_number {{ so_far }}
        ) as marked_beside
    from columns_ordered

),

-- Whether the columns so far are enough for the rows that have small cells.
columns_tried as (

    select
        *,
        case
            when
                column_number >= 2
                and column_number >= last_small
                and marked_beside >= {{ least_size }}
                and min(
                    case when row_small = 1 then people_across end
                ) over ({{ of_column }}) >= {{ least_size }}
                then column_number
        end as enough_columns
    from columns_summed

),

blocks_wide as (

    select
        *,
        case
            when last_small = 0 then 0
            when has_small_total = 1 then column_count
            else coalesce(
                min(enough_columns) over ({{ of_table }}), column_count
            )
        end as block_columns
    from columns_tried

),

rows_counted as (

    select
        *,
        sum(
            case when column_number <= block_columns then people else 0 end
        ) over ({{ of_row }}) as block_people
    from blocks_wide

),

rows_ordered as (

    select
        *,
        row_number() over (
            {{ of_column }}
            order by
                is_small_total desc,
                row_small desc,
                case when block_people > 0 then 0 else 1 end asc,
                row_people asc,
                {{ row_key }} asc
        ) as row_number
    from rows_counted

),

rows_summed as (

    select
        *,
        max(row_number * row_small) over ({{ of_table }}) as last_small_row,
        max(row_number) over ({{ of_table }}) as row_count,
        sum(people) over (
            {{ of_column }} order by row_number {{ so_far }}
        ) as people_down,
        sum(row_people) over (
            {{ of_column }} order by row_number {{ so_far }}
        ) - row_people as people_above,
        sum(block_people) over (
            {{ of_column }} order by row_number {{ so_far }}
        ) - max(block_people) over (
            {{ of_column }} order by row_number {{ so_far }}
        ) as people_beside
    from rows_ordered

),

-- Whether the rows so far are enough for the columns of the block.
rows_tried as (

    select
        *,
        case
            when
                row_number >= 2
                and row_number >= last_small_row
                and (
                    has_small_total = 1
                    or people_beside >= {{ least_size }}
                )
                and min(
                    case
                        when
                            column_number > block_columns
                            or column_people = 0
                            or people_down >= {{ least_size }}
                            then 1
                        else 0
                    end
                ) over ({{ of_row }}) = 1
                then row_number
        end as enough_rows
    from rows_summed

),

blocks as (

    select
        *,
        case
            when block_columns = 0 then 0
            else coalesce(min(enough_rows) over ({{ of_table }}), row_count)
        end as block_rows
    from rows_tried

),

cells_hidden as (

    select
        *,
        row_number <= block_rows
        and column_number <= block_columns as is_hidden,
        has_small_total = 1 and (
            is_small_total = 1
            or row_number <= 2
            or people_above < {{ least_size }}
        ) as is_total_hidden
    from blocks

)
{%- endmacro %}


{# Whether a number of people is too small to be shown: 0 is not. #}
{% macro is_small_count(people) -%}
    {{ people }} between 1
    and {{ setting_within('min_group_size', 1, 1000000) }} - 1
{%- endmacro %}
